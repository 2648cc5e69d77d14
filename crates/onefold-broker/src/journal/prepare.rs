//! Making a file ready for the writer: filled with zeros, under its name, durable.
//!
//! Writing into blocks that the file system has already allocated and written costs a sync little more than the write;
//! a file that grows, or was only allocated, makes each sync write the file system's own journal too.

use super::{Files, OldFile, ReadyFile, file_name};
use crate::disk::{Disk, DiskFile};
use crate::log::{Defect, Planted};
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How fast a file is filled.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Bytes written at once.
    pub chunk: usize,
    /// How long to rest after each, so that the writer's own syncs hardly ever wait behind the filling.
    pub rest: Duration,
    /// Set when the log ends: nobody waits for a file to be filled then.
    pub ending: Arc<AtomicBool>,
}

impl Pace {
    /// A pace that nobody ends.
    pub fn new(chunk: usize, rest: Duration) -> Pace {
        Pace { chunk, rest, ending: Arc::default() }
    }
}

/// Makes a file of at least `bytes` ready under the next sequence: `recycled`, which no checkpoint needs any more, or a
/// new one.
///
/// # Errors
/// Whatever the disk says; a new file is removed again then, a recycled one is left for the next attempt to replace.
pub fn prepare(
    disk: &dyn Disk,
    folder: &Path,
    files: &Mutex<Files>,
    recycled: Option<OldFile>,
    bytes: u64,
    pace: &Pace,
    defect: Defect,
) -> io::Result<ReadyFile> {
    let sequence = files.lock().unwrap_or_else(PoisonError::into_inner).next_sequence();
    let path = folder.join(file_name(sequence));
    let file = match recycled {
        Some(old) => {
            disk.rename(&folder.join(file_name(old.sequence)), &path)?;
            disk.open(&path)?
        }
        None => disk.create(&path)?,
    };
    let filled = file.length()?;
    if filled < bytes
        && let Err(error) = fill(&*file, filled, bytes, pace, || no_other(files))
    {
        // Best effort: the space is what matters, and a leftover is removed at the next start.
        let _ = disk.remove(&path);
        return Err(error);
    }
    if !defect.is(Planted::NoFolderSync) {
        disk.sync_dir(folder)?;
    }
    Ok(ReadyFile { sequence, file, filled: filled.max(bytes) })
}

/// The writer is about to need this file: there is no time to rest.
fn no_other(files: &Mutex<Files>) -> bool {
    files.lock().unwrap_or_else(PoisonError::into_inner).ready.is_empty()
}

fn fill(file: &dyn DiskFile, from: u64, to: u64, pace: &Pace, urgent: impl Fn() -> bool) -> io::Result<()> {
    let zeros = vec![0; pace.chunk.clamp(1, 1 << 20)];
    let mut at = from;
    while at < to {
        if pace.ending.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let chunk = zeros.len().min(usize::try_from(to - at).unwrap_or(usize::MAX));
        file.write_aside_at(&[IoSlice::new(&zeros[..chunk])], at)?;
        at += chunk as u64;
        if !pace.rest.is_zero() && at < to && !urgent() {
            std::thread::sleep(pace.rest);
        }
    }
    // Once: a sync of a file that grows has the file system write its own journal, and on ext4 all that is new in other files.
    file.sync_data()
}

/// A file that is ready at once, for the first moments of a start.
pub fn prepare_first(disk: &dyn Disk, folder: &Path, sequence: u64, bytes: u64) -> io::Result<ReadyFile> {
    let file = disk.create(&folder.join(file_name(sequence)))?;
    let zeros = vec![0; 1 << 18];
    let mut at = 0;
    while at < bytes {
        let chunk = zeros.len().min(usize::try_from(bytes - at).unwrap_or(usize::MAX));
        file.write_at(&[IoSlice::new(&zeros[..chunk])], at)?;
        at += chunk as u64;
    }
    // Or each of the first records would be the one to have its block allocated.
    file.sync_data()?;
    Ok(ReadyFile { sequence, file, filled: bytes })
}
