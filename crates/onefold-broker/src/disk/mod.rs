//! The one way to storage: everything the broker keeps goes through [`Disk`] and [`DiskFile`].
//!
//! [`RealDisk`] is the machine's file system; a seeded simulated disk that loses, tears and refuses stands in for it
//! in tests. What may not happen here: a decision. The disk does what it is told, reports errors as they are, and never
//! retries, since a failed sync that is retried and then succeeds has lost data (fsyncgate).

mod real;
#[cfg(any(test, feature = "sim"))]
pub mod sim;

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

pub use real::RealDisk;

/// The folder operations. Paths are whole paths; a change to a folder (create, rename, remove) is durable only after
/// [`Disk::sync_dir`] of that folder.
pub trait Disk: Send + Sync + 'static {
    /// Creates an empty file for reading and writing; a file of that name must not exist.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file, replacing what has the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, unsorted.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Creates a folder; an existing one is no error. The parent must exist.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Whether a file or folder has this name.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Takes the exclusive lock on a file, creating it if needed; `WouldBlock` when another process holds it. The lock
    /// goes with the returned value, or with the process.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
    /// How much the file system of this folder holds, and how much of that is free.
    fn space(&self, folder: &Path) -> io::Result<DiskSpace>;
}

/// A file system's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    pub total_bytes: u64,
    /// Free, and for this process to use.
    pub usable_bytes: u64,
}

/// One open file. Positions are bytes from its start; all methods take `&self` and may run at once from several threads.
pub trait DiskFile: Send + Sync {
    /// Up to `len` bytes from `pos`; fewer only where the file ends.
    fn read_at(&self, pos: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Writes all parts one after another from `pos`, or fails with some of them written.
    fn write_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()>;
    /// [`DiskFile::write_at`], then [`DiskFile::sync_data`], where the system has a cheaper way to do both. What follows
    /// in the last block of 4,096 bytes is lost: it may be filled up with zeros.
    fn write_sync_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        self.write_at(parts, pos)?;
        self.sync_data()
    }
    /// [`DiskFile::write_at`] of what nobody will read soon, so that it needs no memory of the system's, where there is a way.
    fn write_aside_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        self.write_at(parts, pos)
    }
    /// Makes the written bytes and the length durable (fdatasync). After an error nothing may be assumed about them, so
    /// it never says that the disk is full: that is the one error that callers may try again after.
    fn sync_data(&self) -> io::Result<()>;
    /// Cuts the file, or extends it by a hole that reads as zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// The file's length in bytes.
    fn length(&self) -> io::Result<u64>;
}

/// Whether an error says that space ran out: the one kind of write error that goes away when a user acts.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether an error is one of the moment, that nothing was begun before: no space, or no file handle left.
pub fn is_passing(error: &io::Error) -> bool {
    let no_handle = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
    is_full(error) || no_handle.contains(&error.raw_os_error())
}

/// A failed sync's error, of a kind that nobody tries again after.
pub(crate) fn sync_failed(error: io::Error) -> io::Error {
    io::Error::other(format!("sync failed: {error}"))
}
