//! What may go by age or size: whole segments from the front, and producers long idle; as journal records like any other
//! change.

use super::engine::Engine;
use super::partition::PartitionLog;
use super::{LogStopped, lock};
use crate::segment::Segment;
use onefold_broker_core::topic::TopicSettings;
use onefold_broker_core::{Record, TopicPartition};

impl Engine {
    /// Moves the log start of every partition that holds segments beyond its retention. Their files go when the record
    /// is durable.
    pub fn retain(&self) -> Result<(), LogStopped> {
        let moves: Vec<(TopicPartition, i64)> =
            self.partitions.all().iter().filter_map(|partition| self.due(partition)).collect();
        if !moves.is_empty() {
            self.sequence(|_, _| ((), Some(Record::LogStartMoved(moves))))?;
        }
        Ok(())
    }

    /// Forgets the producers whose time is over (I7: on broker time), so that their windows do not pile up.
    pub fn expire_producers(&self) -> Result<(), LogStopped> {
        loop {
            let found = self.sequence(|state, now| {
                let due = state.expiries_due(now.time_ms);
                (due.is_some(), due)
            })?;
            if !found.0 {
                return Ok(());
            }
        }
    }

    fn due(&self, partition: &PartitionLog) -> Option<(TopicPartition, i64)> {
        let topic = partition.at.topic;
        let (settings, now_ms) =
            self.view(|state, now| Some((state.topic_by_id(topic)?.settings.clone(), now.time_ms)))?;
        if !settings.deletes {
            return None;
        }
        // The last segment goes only by time, and only when nothing newer waits in memory.
        let all_flushed = lock(&partition.tail).is_empty();
        let segments = lock(&partition.segments).all().to_vec();
        let to = expired(&segments, &settings, now_ms, all_flushed)?;
        (to > partition.log_start()).then_some((partition.at, to))
    }
}

/// The offset that the log begins at without the expired segments; none when none is.
fn expired(segments: &[Segment], settings: &TopicSettings, now_ms: i64, all_flushed: bool) -> Option<i64> {
    let mut bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let mut to = None;
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        let too_old = match (settings.retention_ms, segment.newest) {
            (Some(kept_ms), Some((newest_ms, _))) => newest_ms < now_ms.saturating_sub(kept_ms),
            _ => false,
        };
        // Without it there would still be as much as is to be kept.
        let too_many = settings.retention_bytes.is_some_and(|kept| bytes - segment.bytes >= kept);
        if !(too_old && (all_flushed || !last) || too_many && !last) {
            break;
        }
        bytes -= segment.bytes;
        to = Some(segment.end_offset);
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(base_offset: i64, newest_ms: i64) -> Segment {
        let mut segment = Segment::new(base_offset);
        (segment.end_offset, segment.bytes, segment.newest) = (base_offset + 10, 100, Some((newest_ms, base_offset)));
        segment
    }

    fn settings(ms: Option<i64>, bytes: Option<u64>) -> TopicSettings {
        TopicSettings { retention_ms: ms, retention_bytes: bytes, ..TopicSettings::default() }
    }

    #[test]
    fn old_segments_go_from_the_front_and_the_last_only_when_nothing_is_newer() {
        let segments = [segment(0, 1000), segment(10, 5000), segment(20, 2000)];
        let kept = settings(Some(1000), None);
        assert_eq!(expired(&segments, &kept, 1500, true), None);
        assert_eq!(expired(&segments, &kept, 4000, true), Some(10), "the second is young, so the third stays too");
        assert_eq!(expired(&segments, &kept, 7000, true), Some(30));
        assert_eq!(expired(&segments, &kept, 7000, false), Some(20));
    }

    #[test]
    fn what_is_beyond_the_size_goes_but_never_the_last() {
        let segments = [segment(0, 1), segment(10, 1), segment(20, 1)];
        assert_eq!(expired(&segments, &settings(None, Some(250)), 9, true), None);
        assert_eq!(expired(&segments, &settings(None, Some(150)), 9, true), Some(10));
        assert_eq!(expired(&segments, &settings(None, Some(0)), 9, true), Some(20));
    }
}
