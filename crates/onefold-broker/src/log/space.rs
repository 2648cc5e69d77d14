//! Room: prepared journal files, and what happens when there is none.

use super::engine::Engine;
use super::lock;
use crate::disk::is_passing;
use crate::journal::{Files, OldFile, file_name, prepare};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// A checkpoint is due at so many old files, however small.
const OLD_FILES: usize = 16;

/// So little room in the file in use, and no other one: the next one is waited for.
const LITTLE_BYTES: u64 = 128 << 10;
/// The size of the first file that a start prepares: soon ready, since the file it begins with is small.
const SECOND_FILE_BYTES: u64 = 8 << 20;

/// Whether more batches may come in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Yes.
    Free,
    /// Not yet: memory or journal must be worked off first.
    Later,
    /// Not until somebody frees space.
    NoSpace,
}

/// Room that is kept for batches on their way to the sequencer. Who asks in between does not get it too, or a full disk's
/// journal would be promised to more than it can take.
#[must_use = "the room goes with it"]
pub struct Promise<'a> {
    pub(super) engine: &'a Engine,
    pub(super) bytes: usize,
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.engine.redeem(self.bytes);
    }
}

/// Who has found the disk full, and has not found space since.
#[derive(Debug, Default)]
pub(super) struct Full {
    /// Whoever writes the journal.
    pub(super) writer: AtomicBool,
    /// Whoever prepares its files.
    pub(super) files: AtomicBool,
    /// Whoever writes segments.
    pub(super) keeper: AtomicBool,
    /// Whoever takes checkpoints.
    pub(super) checkpoint: AtomicBool,
}

impl Full {
    /// Whether anybody has: the journal must last.
    pub(super) fn is(&self) -> bool {
        self.files.load(Ordering::Relaxed) || self.holds_back()
    }

    /// Whether what is in memory must stay there.
    fn holds_back(&self) -> bool {
        [&self.writer, &self.keeper, &self.checkpoint].iter().any(|full| full.load(Ordering::Relaxed))
    }
}

impl Engine {
    /// Prepares a journal file if too few are ready; whether it did.
    ///
    /// # Errors
    /// The disk's. Nothing is lost by them.
    pub fn prepare_file(&self) -> io::Result<bool> {
        self.drop_spares()?;
        if !self.needs_files() {
            return Ok(false);
        }
        let (recycled, first) = {
            let mut files = lock(&self.files);
            (files.spare.pop(), files.ready.is_empty() && files.old.is_empty())
        };
        let folder = self.journal_folder();
        let full = self.settings.journal_file_bytes;
        let bytes = if first { full.min(SECOND_FILE_BYTES) } else { full };
        let ready =
            prepare(&*self.disk, &folder, &self.files, recycled, bytes, &self.settings.pace, self.settings.defect);
        self.full.files.store(ready.as_ref().is_err_and(is_passing), Ordering::Relaxed);
        lock(&self.files).ready.push_back(ready?);
        Ok(true)
    }

    /// Whether `bytes` more of batches may come in. If so, they count as promised, until [`Engine::redeem`].
    pub fn room(&self, bytes: usize) -> Room {
        // Held to the end, so that two who ask at once are not promised the same room.
        let files = lock(&self.files);
        let room = self.room_beside(&files, bytes, self.promised_bytes.load(Ordering::Relaxed));
        if room == Room::Free {
            self.promised_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        room
    }

    /// What was promised is with the sequencer now, or will not come.
    pub fn redeem(&self, bytes: usize) {
        self.promised_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn room_beside(&self, files: &Files, bytes: usize, promised: usize) -> Room {
        let held =
            self.partitions.tail_bytes.load(Ordering::Relaxed) + self.queued_bytes.load(Ordering::Relaxed) + promised;
        // One request is let in whatever its size, or it would wait for ever.
        if held > 0 && held + bytes > self.settings.tail_limit_bytes {
            // What is held cannot leave memory while the disk takes neither segments nor the journal: waiting for it could
            // last for ever.
            return if self.full.holds_back() { Room::NoSpace } else { Room::Later };
        }
        let ready: u64 = files.ready.iter().map(|file| file.filled).sum();
        // What is being written has its room already.
        let left = (ready + self.writer_room.load(Ordering::Relaxed))
            .saturating_sub((self.waiting_bytes() + promised + bytes) as u64);
        if self.full.is() {
            return if left < self.settings.reserve_bytes { Room::NoSpace } else { Room::Free };
        }
        // The file in use could grow, but on a disk that turns out to be full this would then wait for ever.
        if files.ready.is_empty() && left < self.settings.reserve_bytes.min(LITTLE_BYTES) {
            return Room::Later;
        }
        if files.old_bytes() > self.settings.journal_limit_bytes { Room::Later } else { Room::Free }
    }

    /// Whether [`Engine::prepare_file`] has something to do.
    pub(super) fn needs_files(&self) -> bool {
        lock(&self.files).ready.len() < self.settings.ready_files
    }

    /// Whether [`Engine::flush`] should move what is in memory to segments.
    pub(super) fn needs_flush(&self) -> bool {
        self.partitions.tail_bytes.load(Ordering::Relaxed) >= self.settings.tail_flush_bytes
    }

    /// Whether the journal is long enough for a checkpoint: by bytes, or by files that short starts have left.
    pub(super) fn needs_checkpoint(&self) -> bool {
        let files = lock(&self.files);
        files.old_bytes() >= self.settings.checkpoint_bytes || files.old.len() >= OLD_FILES
    }

    /// Removes freed files that are too small to use again, or too many. Those between two checkpoints are kept: under
    /// load each is needed again soon, and filling a new one costs the disk as much as what will be written into it.
    fn drop_spares(&self) -> io::Result<()> {
        let bytes = self.settings.journal_file_bytes;
        let between = usize::try_from(2 * self.settings.checkpoint_bytes / bytes.max(1)).unwrap_or(usize::MAX);
        // On a full disk they are the space that is missing.
        let keep = if self.full.is() { 0 } else { self.settings.ready_files.max(between) };
        let dropped: Vec<OldFile> = {
            let mut files = lock(&self.files);
            let (mut kept, mut dropped): (Vec<_>, Vec<_>) = files.spare.drain(..).partition(|file| file.bytes >= bytes);
            dropped.extend(kept.drain(keep.min(kept.len())..));
            files.spare = kept;
            dropped
        };
        let folder = self.journal_folder();
        dropped.iter().try_for_each(|file| self.disk.remove(&folder.join(file_name(file.sequence))))
    }
}
