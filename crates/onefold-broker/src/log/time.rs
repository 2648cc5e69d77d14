//! Finding records by their timestamps.

use super::engine::Engine;
use super::partition::PartitionLog;
use super::read::LOOK_BYTES;
use super::{ReadError, lock};
use crate::segment::{Index, Segment, Step, batches_from};
use bytes::Bytes;
use onefold_broker_core::TopicPartition;
use onefold_broker_core::batch::{Header, record_at_time};

impl Engine {
    /// See [`super::Log::offset_for_time`].
    pub fn offset_for_time(&self, at: TopicPartition, time_ms: i64) -> Result<Option<(i64, i64)>, ReadError> {
        let found = self.batch_at_time(at, time_ms)?;
        Ok(found.map(|(header, bytes)| record_in(&header, &bytes, time_ms)))
    }

    /// See [`super::Log::max_timestamp`].
    pub fn max_timestamp(&self, at: TopicPartition) -> Result<Option<(i64, i64)>, ReadError> {
        let found = self.newest_batch(at)?;
        Ok(found.map(|(header, bytes)| record_in(&header, &bytes, header.max_timestamp_ms)))
    }

    /// The batch at or after a time, wherever it is; none when all are before it.
    fn batch_at_time(&self, at: TopicPartition, time_ms: i64) -> Result<Option<(Header, Bytes)>, ReadError> {
        let Some(partition) = self.partitions.get(at) else { return Ok(None) };
        // Memory first: a batch that moves to a segment meanwhile is then found there, never in neither.
        let in_memory = lock(&partition.tail).find_time(time_ms);
        let segment = lock(&partition.segments).find_time(time_ms).cloned();
        if let Some(segment) = segment {
            let from = |index: &Index| index.position_of_time(time_ms);
            let wanted =
                |header: &Header| header.max_timestamp_ms >= time_ms && header.last_offset() >= partition.log_start();
            if let Some(found) = self.find_in(&partition, &segment, from, wanted)? {
                return Ok(Some(found));
            }
        }
        Ok(in_memory.map(|batch| (batch.header, batch.bytes)))
    }

    /// The first batch with the greatest timestamp.
    fn newest_batch(&self, at: TopicPartition) -> Result<Option<(Header, Bytes)>, ReadError> {
        let Some(partition) = self.partitions.get(at) else { return Ok(None) };
        let in_memory = lock(&partition.tail).newest();
        let segments = lock(&partition.segments).all().to_vec();
        let with_time = segments.iter().rev().filter_map(|segment| Some((segment.newest?, segment)));
        let newest = with_time.max_by_key(|((time, _), _)| *time);
        if let Some(((time, offset), segment)) = newest
            && in_memory.as_ref().is_none_or(|batch| batch.header.max_timestamp_ms <= time)
        {
            let from = |index: &Index| index.position_of(offset);
            return self.find_in(&partition, segment, from, |header| header.base_offset >= offset);
        }
        Ok(in_memory.map(|batch| (batch.header, batch.bytes)))
    }

    /// The first batch of a segment that is `wanted`, looking from where the index says.
    fn find_in(
        &self,
        partition: &PartitionLog,
        segment: &Segment,
        from: impl Fn(&Index) -> u64,
        wanted: impl Fn(&Header) -> bool,
    ) -> Result<Option<(Header, Bytes)>, ReadError> {
        let (path, file) = self.segment_file(partition, segment)?;
        let index = self.index_of(partition, segment, &*file, &path)?;
        let mut walk = batches_from(&*file, from(&index), segment.bytes, LOOK_BYTES);
        loop {
            match walk.step().map_err(|error| ReadError::Io { path: path.clone(), error })? {
                Step::Batch(header, bytes) if wanted(&header) => return Ok(Some((header, bytes))),
                Step::Batch(..) => {}
                Step::End => return Ok(None),
                Step::Damaged => return Err(ReadError::Damaged { path, position: walk.position() }),
            }
        }
    }
}

/// The first record of the batch at or after a time, as (offset, timestamp). A batch that cannot be read inside, which
/// none is that a client has sent, counts as one record.
fn record_in(header: &Header, batch: &Bytes, time_ms: i64) -> (i64, i64) {
    record_at_time(batch, time_ms).unwrap_or((header.base_offset, header.max_timestamp_ms))
}
