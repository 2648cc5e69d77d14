//! Which journal files there are: those written before, the one in use, those prepared for later.

use crate::disk::DiskFile;
use onefold_broker_core::id::Lsn;
use std::collections::VecDeque;
use std::sync::Arc;

/// A file that was written and will not be again, until a checkpoint covers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldFile {
    /// Its name.
    pub sequence: u64,
    /// The last record that counts in it.
    pub last: Lsn,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A file that waits for its first group: filled, named and durable.
pub struct ReadyFile {
    /// Its name, and what its frames' checksums will hold.
    pub sequence: u64,
    /// Open for writing.
    pub file: Arc<dyn DiskFile>,
    /// Bytes that can be written without the file growing.
    pub filled: u64,
}

/// The files beside the one in use.
#[derive(Default)]
pub struct Files {
    /// By sequence. A checkpoint frees them from the front.
    pub old: VecDeque<OldFile>,
    /// By sequence. The writer takes them from the front.
    pub ready: VecDeque<ReadyFile>,
    /// Files that a checkpoint has freed: prepared again, or removed.
    pub spare: Vec<OldFile>,
    /// The sequence of the file in use.
    pub current: u64,
    /// The highest sequence that any file's name has, so that none is given twice.
    pub highest: u64,
}

impl Files {
    /// The sequence for the next file to prepare.
    pub fn next_sequence(&mut self) -> u64 {
        self.highest += 1;
        self.highest
    }

    /// Bytes in files that a checkpoint would free.
    pub fn old_bytes(&self) -> u64 {
        self.old.iter().map(|file| file.bytes).sum()
    }

    /// Takes the files whose records are all covered by a durable checkpoint at `covered`.
    pub fn take_covered(&mut self, covered: Lsn) -> Vec<OldFile> {
        let count = self.old.iter().take_while(|file| file.last <= covered).count();
        self.old.drain(..count).collect()
    }

    /// The sequence of the first file that still holds records above `covered`, which is the one in use if no old one does.
    pub fn first_needed(&self, covered: Lsn) -> u64 {
        self.old.iter().find(|file| file.last > covered).map_or(self.current, |file| file.sequence)
    }
}
