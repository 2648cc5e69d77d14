//! What can go wrong, by what to do about it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the data folder {} is in use by another broker: stop that one, or choose another folder", .0.display())]
    Locked(PathBuf),
    /// The disk has no room for the journal's first file.
    #[error("the disk under {} is full: free some space and start again; nothing is lost", .0.display())]
    NoSpace(PathBuf),
    /// A permission, a mount or the disk itself.
    #[error("{} cannot be used ({error}): check that the folder exists, is mounted and belongs to this user", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Written by another version.
    #[error("{} has format version {found}, this build reads {known}: open it with the version that wrote it", path.display())]
    WrongVersion {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// What this build reads.
        known: u32,
    },
    /// Something that was durable is not there any more, or is not what was written.
    #[error(
        "{} is damaged at byte {position}: {why}. Starting would lose records that were acknowledged. Check the disk \
         (dmesg, smartctl), then restore the folder from a copy; or move it away to start empty",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in it, in bytes.
        position: u64,
        /// What is wrong.
        why: String,
    },
}

impl OpenError {
    pub(crate) fn io(path: impl Into<PathBuf>, error: io::Error) -> OpenError {
        match crate::disk::is_full(&error) {
            true => OpenError::NoSpace(path.into()),
            false => OpenError::Unreadable { path: path.into(), error },
        }
    }
}

/// The log serves nothing any more: a write or sync failed, or it was shut down. Only a new start, which reads what is
/// really on the disk, can tell what was kept.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the log has stopped: {0}")]
pub struct LogStopped(pub Arc<str>);

/// Why a produce request gets no room. The client retries both.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProduceRefused {
    /// Answer KAFKA_STORAGE_ERROR.
    #[error("the disk has no space for the journal or its checkpoint: free some; producing resumes by itself")]
    NoSpace,
    /// See [`LogStopped`].
    #[error(transparent)]
    Stopped(#[from] LogStopped),
}

/// Why a read gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Answer OFFSET_OUT_OF_RANGE.
    #[error("the partition begins at offset {log_start}")]
    BelowStart {
        /// The first offset that can be read.
        log_start: i64,
    },
    /// Answer KAFKA_STORAGE_ERROR.
    #[error("{} cannot be read: {error}", path.display())]
    Io {
        /// The segment.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Answer KAFKA_STORAGE_ERROR: these bytes are not what was written.
    #[error("{} is damaged at byte {position}: check the disk and restore the folder from a copy", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        position: u64,
    },
}
