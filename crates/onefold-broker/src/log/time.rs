//! Finding records by their timestamps. What lies below the log's start is never found, also where a segment or a batch
//! begins below it and ends above.

use super::engine::Engine;
use super::partition::PartitionLog;
use super::read::LOOK_BYTES;
use super::{ReadError, lock};
use crate::segment::{Index, Segment, Step, batches_from};
use bytes::Bytes;
use onefold_broker_core::TopicPartition;
use onefold_broker_core::batch::{Header, newest_since, record_at_time};

impl Engine {
    /// See [`super::Log::offset_for_time`].
    pub fn offset_for_time(&self, at: TopicPartition, time_ms: i64) -> Result<Option<(i64, i64)>, ReadError> {
        let Some(partition) = self.partitions.get(at) else { return Ok(None) };
        let from = partition.log_start();
        // Memory first: a batch that moves to a segment meanwhile is then found there, never in neither.
        let in_memory = lock(&partition.tail).find_time(time_ms, from);
        let segments = lock(&partition.segments).find_time(time_ms, from);
        for segment in &segments {
            let start = |index: &Index| index.position_of_time(time_ms).max(index.position_of(from));
            let look = |header: &Header, bytes: &Bytes| record_in(header, bytes, time_ms, from);
            if let Some(found) = self.find_in(&partition, segment, start, look)? {
                return Ok(Some(found));
            }
        }
        Ok(in_memory.iter().find_map(|batch| record_in(&batch.header, &batch.bytes, time_ms, from)))
    }

    /// See [`super::Log::max_timestamp`].
    pub fn max_timestamp(&self, at: TopicPartition) -> Result<Option<(i64, i64)>, ReadError> {
        let Some(partition) = self.partitions.get(at) else { return Ok(None) };
        let from = partition.log_start();
        let mut newest = lock(&partition.tail).newest(from);
        let segments = lock(&partition.segments).all().to_vec();
        for segment in segments.iter().filter(|segment| segment.end_offset > from) {
            newest = newest.max(self.newest_in(&partition, segment, from)?);
        }
        // The first record that has it: there is one, unless the log's start has passed it in between.
        newest.map_or(Ok(None), |time_ms| self.offset_for_time(at, time_ms))
    }

    /// The greatest timestamp in a segment at or above `from`. Looked for in its file only where the newest batch may lie
    /// below.
    fn newest_in(&self, partition: &PartitionLog, segment: &Segment, from: i64) -> Result<Option<i64>, ReadError> {
        match segment.newest {
            Some((time_ms, offset)) if offset >= from => return Ok(Some(time_ms)),
            _ => {}
        }
        let mut newest = None;
        let look = |header: &Header, bytes: &Bytes| {
            newest = newest.max(newest_since_start(header, bytes, from));
            None::<()>
        };
        self.find_in(partition, segment, |index| index.position_of(from), look)?;
        Ok(newest)
    }

    /// What `look` finds first in the batches of a segment, from where the index says.
    fn find_in<T>(
        &self,
        partition: &PartitionLog,
        segment: &Segment,
        start: impl Fn(&Index) -> u64,
        mut look: impl FnMut(&Header, &Bytes) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        let (path, file) = self.segment_file(partition, segment)?;
        let index = self.index_of(partition, segment, &*file, &path)?;
        let mut walk = batches_from(&*file, start(&index), segment.bytes, LOOK_BYTES);
        loop {
            match walk.step().map_err(|error| ReadError::Io { path: path.clone(), error })? {
                Step::Batch(header, bytes) => {
                    if let Some(found) = look(&header, &bytes) {
                        return Ok(Some(found));
                    }
                }
                Step::End => return Ok(None),
                Step::Damaged => return Err(ReadError::Damaged { path, position: walk.position() }),
            }
        }
    }
}

/// The first record of the batch at or after a time and at or above `from`, as (offset, timestamp). A batch that cannot be
/// read inside, which none is that a client has sent, counts as one record.
fn record_in(header: &Header, batch: &Bytes, time_ms: i64, from: i64) -> Option<(i64, i64)> {
    if header.max_timestamp_ms < time_ms || header.last_offset() < from {
        return None;
    }
    let whole = (header.base_offset >= from).then_some((header.base_offset, header.max_timestamp_ms));
    record_at_time(batch, time_ms, from).or(whole)
}

/// The greatest timestamp of the batch's records at or above `from`; only a batch that begins below is read for it.
pub(super) fn newest_since_start(header: &Header, batch: &Bytes, from: i64) -> Option<i64> {
    match header.base_offset >= from {
        true => Some(header.max_timestamp_ms),
        false => (header.last_offset() >= from).then(|| newest_since(batch, from)).flatten(),
    }
}
