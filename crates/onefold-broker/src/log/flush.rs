//! From memory to segments, in the background: writing, closing and removing a partition's files.

use super::engine::Engine;
use super::partition::PartitionLog;
use super::tail::TailBatch;
use super::{Planted, lock};
use crate::disk::{DiskFile, is_passing};
use crate::segment::{file_name, folder_name};
use onefold_broker_core::TopicId;
use onefold_broker_core::batch::Header;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Written to one segment at once.
const WRITE_BYTES: usize = 4 << 20;
/// So many written files stay open until a checkpoint syncs them; beyond it they are synced earlier.
const UNSYNCED_FILES: usize = 128;

/// What was written to segments and is not yet synced.
#[derive(Default)]
pub(super) struct Unsynced {
    files: BTreeMap<PathBuf, Written>,
    folders: BTreeSet<PathBuf>,
}

struct Written {
    file: Arc<dyn DiskFile>,
    /// Since it was synced.
    bytes: u64,
}

impl Engine {
    /// Moves every batch that is in memory now to its segment. Nothing is durable by it that was not before.
    ///
    /// # Errors
    /// The disk's. A full disk's can be tried again; after any other the log must stop.
    pub fn flush(&self) -> io::Result<()> {
        self.flush_telling(&|| {})
    }

    /// [`Engine::flush`], telling whenever some memory is free again.
    pub(super) fn flush_telling(&self, freed: &dyn Fn()) -> io::Result<()> {
        // Whoever comes second finds in segments what the first one took.
        let _turn = self.flushing.turn();
        if self.flushing.is_broken() {
            return Err(io::Error::other("a thread panicked while it wrote segments"));
        }
        let mut partitions = std::mem::take(&mut *lock(&self.partitions.unflushed));
        // By topic and number, so that one test run does what another did.
        partitions.sort_unstable_by_key(|partition| partition.at);
        while let Some(partition) = partitions.pop() {
            if let Err(error) = self.flush_partition(&partition, freed) {
                partitions.push(partition);
                lock(&self.partitions.unflushed).append(&mut partitions);
                return Err(error);
            }
            if !lock(&partition.tail).is_empty() {
                lock(&self.partitions.unflushed).push(partition);
            }
        }
        Ok(())
    }

    /// Syncs the segments that much was written to; whether there were any. Nothing asks for it yet; but a checkpoint that
    /// found all of it unsynced would keep the disk busy for so long that producers notice.
    ///
    /// # Errors
    /// The disk's. The log has stopped then: whoever syncs the same file next may find nothing wrong with it.
    pub fn sync_ahead(&self) -> io::Result<bool> {
        let due: Vec<Arc<dyn DiskFile>> = {
            let mut unsynced = lock(&self.unsynced);
            let due = unsynced.files.values_mut().filter(|written| self.is_due(written));
            // They stay in the list: what is written meanwhile is for the checkpoint.
            due.map(|written| {
                written.bytes = 0;
                written.file.clone()
            })
            .collect()
        };
        for file in &due {
            let _turn = lock(&self.syncing);
            file.sync_data().inspect_err(|error| {
                self.stop(&format!("a segment could not be synced ({error})"));
            })?;
        }
        Ok(!due.is_empty())
    }

    /// Removes the files of deleted topics, and segments that lie wholly below their partition's log start. All of that
    /// is durably gone already, so a crash in between leaves files that the next start removes.
    pub fn trim(&self) -> io::Result<()> {
        let _turn = self.flushing.turn();
        let removed = std::mem::take(&mut *lock(&self.partitions.removed));
        for partition in removed {
            self.drop_tail(&partition);
            let segments = lock(&partition.segments).take_all();
            self.remove_segments(&partition, segments.iter().map(|segment| segment.base_offset))?;
            let folder = self.partition_folder(&partition);
            // Or whoever syncs could look for it when it is gone.
            let _naming = lock(&self.naming);
            lock(&self.unsynced).folders.remove(&folder);
            if self.disk.exists(&folder)? {
                self.disk.remove_dir(&folder)?;
            }
        }
        for partition in self.partitions.all() {
            let log_start = partition.log_start();
            let dropped = {
                let mut segments = lock(&partition.segments);
                segments.close_below(log_start);
                segments.take_below(log_start)
            };
            self.remove_segments(&partition, dropped.iter().map(|segment| segment.base_offset))?;
        }
        Ok(())
    }

    /// Makes everything durable that was flushed.
    pub(super) fn sync_segments(&self) -> io::Result<()> {
        // The kernel tells a failed write to whoever syncs first, and to nobody after.
        let _turn = lock(&self.syncing);
        if let Some(stopped) = self.durability.stopped() {
            return Err(io::Error::other(stopped));
        }
        let files = std::mem::take(&mut lock(&self.unsynced).files);
        let synced = files.values().try_for_each(|written| written.file.sync_data()).and_then(|()| self.sync_folders());
        if let Err(error) = &synced
            && !is_passing(error)
        {
            self.stop(&format!("segments could not be synced ({error})"));
        }
        synced
    }

    /// A folder that could not even be opened is synced the next time.
    fn sync_folders(&self) -> io::Result<()> {
        let _naming = lock(&self.naming);
        let mut folders = std::mem::take(&mut lock(&self.unsynced).folders);
        let synced = folders.iter().try_for_each(|folder| self.disk.sync_dir(folder));
        if synced.is_err() {
            lock(&self.unsynced).folders.append(&mut folders);
        }
        synced
    }

    /// Whether [`Engine::sync_ahead`] has something to do.
    pub(super) fn needs_sync_ahead(&self) -> bool {
        lock(&self.unsynced).files.values().any(|written| self.is_due(written))
    }

    fn is_due(&self, written: &Written) -> bool {
        written.bytes >= self.settings.sync_ahead_bytes
    }

    pub(super) fn segments_folder(&self) -> PathBuf {
        self.folder.join("segments")
    }

    pub(super) fn partition_folder(&self, partition: &PartitionLog) -> PathBuf {
        let mut at = partition.at;
        if self.settings.defect.is(Planted::FoldersWithoutTopic) {
            at.topic = TopicId([0; 16]);
        }
        self.segments_folder().join(folder_name(at))
    }

    fn drop_tail(&self, partition: &PartitionLog) {
        let dropped = lock(&partition.tail).take_all();
        self.partitions.tail_bytes.fetch_sub(bytes_of(&dropped), Ordering::Relaxed);
    }

    fn flush_partition(&self, partition: &PartitionLog, freed: &dyn Fn()) -> io::Result<()> {
        if partition.is_closed() {
            self.drop_tail(partition);
            return Ok(());
        }
        // What comes in meanwhile is left for the next time, or a busy partition would never be done.
        let until = partition.high_watermark();
        loop {
            let mut batches = lock(&partition.tail).front(WRITE_BYTES);
            batches.retain(|batch| batch.header.base_offset < until);
            if batches.is_empty() {
                return Ok(());
            }
            self.write_batches(partition, &batches)?;
            lock(&partition.tail).drop_front(batches.len());
            self.partitions.tail_bytes.fetch_sub(bytes_of(&batches), Ordering::Relaxed);
            freed();
        }
    }

    fn write_batches(&self, partition: &PartitionLog, batches: &[TailBatch]) -> io::Result<()> {
        let Some(first) = batches.first() else { return Ok(()) };
        let folder = self.partition_folder(partition);
        let limit = self.segment_limit(partition.at.topic);
        let open = lock(&partition.segments).appendable(limit).map(|segment| (segment.base_offset, segment.bytes));
        let (path, file, position) = match open {
            Some((base_offset, bytes)) => {
                let path = folder.join(file_name(base_offset));
                let file = self.segment_files.get(&path)?;
                (path, file, bytes)
            }
            None => {
                let path = folder.join(file_name(first.header.base_offset));
                let file = self.begin_segment(&folder, &path)?;
                lock(&partition.segments).begin(first.header.base_offset);
                (path, file, 0)
            }
        };
        let slices: Vec<IoSlice<'_>> = batches.iter().map(|batch| IoSlice::new(&batch.bytes)).collect();
        // Before: after a failed write nobody knows what of it has to be synced. And after: whoever syncs may have taken the
        // first note before there was anything to sync.
        self.note_unsynced(&path, &file, 0);
        file.write_at(&slices, position)?;
        self.note_unsynced(&path, &file, bytes_of(batches) as u64);
        let headers: Vec<Header> = batches.iter().map(|batch| batch.header).collect();
        lock(&partition.segments).extend(&headers);
        if lock(&self.unsynced).files.len() > UNSYNCED_FILES {
            self.sync_segments()?;
        }
        Ok(())
    }

    fn note_unsynced(&self, path: &Path, file: &Arc<dyn DiskFile>, bytes: u64) {
        let mut unsynced = lock(&self.unsynced);
        let written = unsynced.files.entry(path.to_owned()).or_insert_with(|| Written { file: file.clone(), bytes: 0 });
        written.bytes += bytes;
    }

    /// Where a segment is closed: by the topic's own setting where it is the lower one.
    fn segment_limit(&self, topic: TopicId) -> u64 {
        let topics = self.view(|state, _| state.topic_by_id(topic).map(|topic| topic.settings.segment_bytes as u64));
        topics.map_or(self.settings.segment_bytes, |bytes| bytes.min(self.settings.segment_bytes))
    }

    fn begin_segment(&self, folder: &Path, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create_dir(folder)?;
        let file = self.segment_files.create(path)?;
        lock(&self.unsynced).folders.extend([folder.to_owned(), self.segments_folder()]);
        Ok(file)
    }

    fn remove_segments(&self, partition: &PartitionLog, bases: impl Iterator<Item = i64>) -> io::Result<()> {
        let folder = self.partition_folder(partition);
        for base in bases {
            let path = folder.join(file_name(base));
            self.segment_files.forget(&path);
            lock(&self.unsynced).files.remove(&path);
            if self.disk.exists(&path)? {
                self.disk.remove(&path)?;
            }
        }
        Ok(())
    }
}

fn bytes_of(batches: &[TailBatch]) -> usize {
    batches.iter().map(|batch| batch.bytes.len()).sum()
}
