//! Reading a partition back: from memory where the newest batches are, from segments below.

use super::engine::Engine;
use super::partition::PartitionLog;
use super::{Chunk, ReadError, lock};
use crate::disk::DiskFile;
use crate::segment::{Index, Segment, Step, Walk, batches_from, file_name, rebuild};
use bytes::Bytes;
use onefold_broker_core::TopicPartition;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Read at once to find a batch within a stretch of the index.
pub(super) const LOOK_BYTES: usize = 64 << 10;

impl Engine {
    /// See [`super::Log::read`].
    pub fn read(
        &self,
        at: TopicPartition,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Result<Chunk, ReadError> {
        let Some(partition) = self.partitions.get(at) else {
            return Ok(Chunk { batches: Vec::new(), high_watermark: 0, log_start: 0 });
        };
        let (log_start, high_watermark) = (partition.log_start(), partition.high_watermark());
        if offset < log_start {
            return Err(ReadError::BelowStart { log_start });
        }
        let in_memory = lock(&partition.tail).read(offset, max_bytes, at_least_one);
        let batches = match in_memory {
            Some(batches) => batches,
            None if offset >= high_watermark => Vec::new(),
            None => self.read_segment(&partition, offset, max_bytes, at_least_one)?,
        };
        Ok(Chunk { batches, high_watermark, log_start })
    }

    fn read_segment(
        &self,
        partition: &PartitionLog,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Result<Vec<Bytes>, ReadError> {
        let found = lock(&partition.segments).find(offset).cloned();
        // Gone meanwhile: its topic was deleted, or its records were.
        let Some(segment) = found else { return Ok(Vec::new()) };
        let (path, file) = self.segment_file(partition, &segment)?;
        let index = self.index_of(partition, &segment, &*file, &path)?;
        let ahead = max_bytes.saturating_add(LOOK_BYTES);
        let mut walk = batches_from(&*file, index.position_of(offset), segment.bytes, ahead);
        let batches = collect(&mut walk, offset, max_bytes, at_least_one, &path)?;
        Ok(unpinned(batches, walk.read_bytes()))
    }

    pub(super) fn segment_file(
        &self,
        partition: &PartitionLog,
        segment: &Segment,
    ) -> Result<(PathBuf, Arc<dyn DiskFile>), ReadError> {
        let path = self.partition_folder(partition).join(file_name(segment.base_offset));
        match self.segment_files.get(&path) {
            Ok(file) => Ok((path, file)),
            // Removed since it was looked up: its records are below the log's start now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ReadError::BelowStart { log_start: partition.log_start() })
            }
            Err(error) => Err(ReadError::Io { path, error }),
        }
    }

    /// The segment's index; a segment of an earlier start is read once for it.
    pub(super) fn index_of(
        &self,
        partition: &PartitionLog,
        segment: &Segment,
        file: &dyn DiskFile,
        path: &Path,
    ) -> Result<Arc<Index>, ReadError> {
        if let Some(index) = &segment.index {
            return Ok(index.clone());
        }
        let rebuilt = rebuild(file, segment.bytes).map_err(|error| ReadError::Io { path: path.to_owned(), error })?;
        let Some(index) = rebuilt.map(Arc::new) else {
            return Err(ReadError::Damaged { path: path.to_owned(), position: 0 });
        };
        lock(&partition.segments).keep_index(segment.base_offset, &index);
        Ok(index)
    }
}

/// The batches from `offset` on, up to `max_bytes`.
fn collect(
    walk: &mut Walk<'_>,
    offset: i64,
    max_bytes: usize,
    at_least_one: bool,
    path: &Path,
) -> Result<Vec<Bytes>, ReadError> {
    let (mut left, mut batches) = (max_bytes, Vec::new());
    loop {
        // A batch that is too long for what is left is not read only to be dropped.
        if !batches.is_empty() && left < walk.next_size().unwrap_or(0) {
            return Ok(batches);
        }
        match walk.step().map_err(|error| ReadError::Io { path: path.to_owned(), error })? {
            Step::Batch(header, _) if header.last_offset() < offset => {}
            Step::Batch(_, bytes) if bytes.len() > left && !(at_least_one && batches.is_empty()) => {
                return Ok(batches);
            }
            Step::Batch(_, bytes) => {
                left = left.saturating_sub(bytes.len());
                batches.push(bytes);
            }
            Step::End => return Ok(batches),
            Step::Damaged if !batches.is_empty() => return Ok(batches),
            Step::Damaged => return Err(ReadError::Damaged { path: path.to_owned(), position: walk.position() }),
        }
    }
}

/// Batches are slices of what was read at once. An answer is counted by its batches and may wait long for a slow peer:
/// where they are the smaller part of what they keep in memory, they are copied out.
fn unpinned(batches: Vec<Bytes>, read_bytes: usize) -> Vec<Bytes> {
    let kept: usize = batches.iter().map(Bytes::len).sum();
    match read_bytes > 2 * kept {
        true => batches.iter().map(|batch| Bytes::copy_from_slice(batch)).collect(),
        false => batches,
    }
}
