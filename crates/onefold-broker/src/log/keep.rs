//! Taking a checkpoint, and freeing the journal files that it covers.

use super::engine::Engine;
use super::partitions::Partitions;
use super::{Planted, lock};
use crate::checkpoint::{self, Checkpoint, PartitionSegments};
use crate::crash_point;
use crate::journal::parse_name;
use onefold_broker_core::Lsn;
use std::io;

/// A state that will be a checkpoint once everything in it is durable.
pub struct Snapshot {
    /// The last record in it.
    pub lsn: Lsn,
    bytes: Vec<u8>,
}

/// Whether records will follow a checkpoint in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// The log goes on.
    Journal,
    /// It was shut down.
    Nothing,
}

impl Engine {
    /// The state as it is now. What is in it may not be durable yet.
    pub fn snapshot(&self) -> Snapshot {
        // The clone shares what it can with the live state, so all wait for it but a moment; writing it down takes longer.
        let state = lock(&self.sequencer).state.clone();
        let mut bytes = Vec::new();
        state.encode_snapshot(&mut bytes);
        Snapshot { lsn: state.lsn(), bytes }
    }

    /// Makes the snapshot the checkpoint, once its LSN is durable, and gives its journal files free.
    ///
    /// # Errors
    /// The disk's; the last checkpoint holds then. A full disk's can be tried again; after any other the log must stop.
    pub fn checkpoint(&self, snapshot: Snapshot, follows: Follows) -> io::Result<()> {
        if self.settings.defect.is(Planted::RecycledTooEarly) {
            self.free_journal(snapshot.lsn);
            // As the thread that prepares files would, just then.
            self.prepare_file()?;
        }
        debug_assert!(self.durability.lsn() >= snapshot.lsn, "a checkpoint of what is not durable");
        self.flush()?;
        // Read before the files are synced: what is flushed after this does not count yet.
        let partitions = table(&self.partitions);
        if !self.settings.defect.is(Planted::SegmentsNotSynced) {
            self.sync_segments()?;
        }
        crash_point!("checkpoint.segments_synced");
        let lsn = snapshot.lsn;
        let first_file = match follows {
            Follows::Journal => lock(&self.files).first_needed(lsn),
            Follows::Nothing => lock(&self.files).highest + 1,
        };
        let checkpoint = Checkpoint {
            identity: self.identity,
            lsn,
            first_file,
            journal_follows: follows == Follows::Journal,
            partitions,
            snapshot: snapshot.bytes.into(),
        };
        checkpoint::write(&*self.disk, &self.folder, &checkpoint, self.settings.defect)?;
        crash_point!("checkpoint.durable");
        self.free_journal(lsn);
        self.trim()
    }

    /// The last checkpoint of a log whose threads have ended: the next start has nothing to replay. Best effort, since all
    /// that was answered is durable without it.
    pub(super) fn close(&self) {
        self.wait_until_landed();
        if self.sync().is_err() || self.durability.stopped().is_some() {
            return;
        }
        let snapshot = self.snapshot();
        if snapshot.lsn > self.durability.lsn() {
            return;
        }
        let closed = self.checkpoint(snapshot, Follows::Nothing).and_then(|()| self.drop_journal());
        if let Err(error) = closed {
            tracing::warn!(%error, "no last checkpoint could be written; the next start reads the journal instead");
        }
    }

    /// After the last checkpoint no journal file is needed; what can be used again is kept for the next start.
    fn drop_journal(&self) -> io::Result<()> {
        let (folder, wanted) = (self.journal_folder(), self.settings.ready_files);
        let mut kept = 0;
        let mut names: Vec<String> = self.disk.list(&folder)?;
        names.sort_unstable();
        for name in names.iter().filter(|name| parse_name(name).is_some()) {
            let path = folder.join(name);
            let full = self.disk.open(&path)?.length()? >= self.settings.journal_file_bytes;
            match full && kept < wanted {
                true => kept += 1,
                false => self.disk.remove(&path)?,
            }
        }
        Ok(())
    }

    /// Journal files up to `covered` may be used again. Nobody reads them but a start, and it begins at the checkpoint.
    fn free_journal(&self, covered: Lsn) {
        let mut files = lock(&self.files);
        let mut free = files.take_covered(covered);
        files.spare.append(&mut free);
    }
}

fn table(partitions: &Partitions) -> Vec<PartitionSegments> {
    let all = partitions.all();
    let segments = all.iter().map(|partition| {
        let segments = lock(&partition.segments).all().to_vec();
        PartitionSegments { at: partition.at, segments }
    });
    segments.filter(|partition| !partition.segments.is_empty()).collect()
}
