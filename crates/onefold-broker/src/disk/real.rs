//! The machine's file system: pwritev, pread, fdatasync, flock; and for small writes that must be durable at once, one
//! write around the page cache, which is what a disk does fastest.

use super::{Disk, DiskFile, is_full, sync_failed};
use rustix::buffer::spare_capacity;
use rustix::fs::{FlockOperation, OFlags};
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Linux takes at most this many parts in one pwritev (`IOV_MAX`).
const PARTS_A_WRITE: usize = 1024;

/// What a write around the page cache is aligned to: no disk has larger sectors, no machine we run on smaller pages.
const ALIGNMENT: usize = 4096;
/// Longer writes gain nothing by it, and would be copied once more.
const DIRECT_BYTES: usize = 128 << 10;

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Arc::new(RealFile::new(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile::new(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            // Every name the broker gives is ASCII; another one is not ours and is left alone.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            result => result,
        }
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all().map_err(sync_failed)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Box::new(file))
    }
}

struct RealFile {
    file: File,
    /// The same file, opened for writes around the page cache; none where the file system has no such thing.
    direct: OnceLock<Option<File>>,
    /// Aligned by position within.
    buffer: Mutex<Vec<u8>>,
}

impl RealFile {
    fn new(file: File) -> RealFile {
        RealFile { file, direct: OnceLock::new(), buffer: Mutex::default() }
    }

    fn direct(&self) -> Option<&File> {
        let open = || {
            let flags = OFlags::DIRECT | OFlags::DSYNC;
            let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
            OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path).ok()
        };
        self.direct.get_or_init(open).as_ref()
    }

    /// Writes and syncs in one step, filling up the last block with zeros; false where it cannot be done this way.
    fn write_direct(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<bool> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length == 0 || length > DIRECT_BYTES || !pos.is_multiple_of(ALIGNMENT as u64) {
            return Ok(false);
        }
        let Some(file) = self.direct() else { return Ok(false) };
        let whole = length.next_multiple_of(ALIGNMENT);
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.len() < whole + ALIGNMENT {
            buffer.resize(whole + ALIGNMENT, 0);
        }
        let begin = buffer.as_ptr().align_offset(ALIGNMENT);
        let Some(block) = buffer.get_mut(begin..begin + whole) else { return Ok(false) };
        let mut at = 0;
        for part in parts {
            block[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        block[at..].fill(0);
        match file.write_all_at(block, pos) {
            Ok(()) => Ok(true),
            // Not on this file system, or not with this alignment: nothing was tried, so nothing has failed.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(false),
            Err(error) if is_full(&error) => Err(error),
            Err(error) => Err(sync_failed(error)),
        }
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, pos: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            let at = pos + bytes.len() as u64;
            let got = match rustix::io::pread(&self.file, spare_capacity(&mut bytes), at) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result?,
            };
            if got == 0 {
                break;
            }
        }
        // `with_capacity` may give more than was asked for.
        bytes.truncate(len);
        Ok(bytes)
    }

    fn write_at(&self, parts: &[IoSlice<'_>], mut pos: u64) -> io::Result<()> {
        let mut parts = parts.to_vec();
        let mut left = &mut parts[..];
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            let now = &left[..left.len().min(PARTS_A_WRITE)];
            let wrote = match rustix::io::pwritev(&self.file, now, pos) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result?,
            };
            if wrote == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            pos += wrote as u64;
            IoSlice::advance_slices(&mut left, wrote);
        }
        Ok(())
    }

    fn write_sync_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        if self.write_direct(parts, pos)? {
            return Ok(());
        }
        self.write_at(parts, pos)?;
        self.sync_data()
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data().map_err(sync_failed)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}
