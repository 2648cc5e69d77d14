//! The machine's file system: pwritev, pread, fdatasync, flock; and for what must be durable at once, writes around the
//! page cache, which is what a disk does fastest.

use super::{Disk, DiskFile, DiskSpace, is_full, sync_failed};
use rustix::buffer::spare_capacity;
use rustix::fs::{FlockOperation, OFlags};
use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Linux takes at most this many parts in one pwritev (`IOV_MAX`).
const PARTS_A_WRITE: usize = 1024;

/// What a write around the page cache is aligned to: no disk has larger sectors, no machine we run on smaller pages.
const ALIGNMENT: usize = 4096;
/// A longer write goes out in pieces of this size: beyond it a disk is no faster, and each thread that writes keeps a
/// buffer as large as its largest piece.
const PIECE: usize = 1 << 20;

thread_local! {
    /// Where a write is put together, aligned by position within.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

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

    fn space(&self, folder: &Path) -> io::Result<DiskSpace> {
        let system = rustix::fs::statvfs(folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(system.f_frsize);
        Ok(DiskSpace { total_bytes: bytes(system.f_blocks), usable_bytes: bytes(system.f_bavail) })
    }
}

struct RealFile {
    file: File,
    /// The same file, opened for writes around the page cache. The system tells a failed write once to each opening of a
    /// file; so each of two writers at once has its own, and none takes the other's error.
    direct: [Mutex<Direct>; 2],
    /// Whose turn it is to write through the page cache, and sync: there is one opening for all.
    buffered: Mutex<()>,
}

#[derive(Default)]
enum Direct {
    #[default]
    Unopened,
    /// The file system has no such thing.
    Refused,
    Open(File),
}

impl RealFile {
    fn new(file: File) -> RealFile {
        RealFile { file, direct: Default::default(), buffered: Mutex::default() }
    }

    /// An opening for this writer alone.
    fn direct(&self) -> MutexGuard<'_, Direct> {
        let free = self.direct.iter().find_map(|direct| direct.try_lock().ok());
        let mut direct = free.unwrap_or_else(|| self.direct[0].lock().unwrap_or_else(PoisonError::into_inner));
        if matches!(*direct, Direct::Unopened) {
            let opened = self.open_again(OFlags::DIRECT | OFlags::DSYNC);
            *direct = opened.map_or(Direct::Refused, Direct::Open);
        }
        direct
    }

    fn open_again(&self, flags: OFlags) -> io::Result<File> {
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path)
    }
}

/// Writes around the page cache, piece by piece, filling up the last block with zeros; false where it cannot be done
/// this way. What a crash leaves of it is a prefix of whole pieces and some blocks of the next, as of any write.
fn write_direct(file: &File, parts: &[IoSlice<'_>], pos: u64) -> io::Result<bool> {
    if !pos.is_multiple_of(ALIGNMENT as u64) {
        return Ok(false);
    }
    let mut left = Parts { parts, within: 0 };
    let (mut at, mut bytes) = (pos, parts.iter().map(|part| part.len()).sum::<usize>());
    while bytes > 0 {
        let piece = bytes.min(PIECE);
        let written = BUFFER.with_borrow_mut(|buffer| {
            let block = aligned(buffer, piece.next_multiple_of(ALIGNMENT));
            left.take(&mut block[..piece]);
            block[piece..].fill(0);
            file.write_all_at(block, at)
        });
        match written {
            Ok(()) => {}
            // Not on this file system, or not with this alignment: nothing was tried, so nothing has failed.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput && at == pos => return Ok(false),
            Err(error) => return Err(error),
        }
        (at, bytes) = (at + piece as u64, bytes - piece);
    }
    Ok(true)
}

/// What is left to write.
struct Parts<'a> {
    parts: &'a [IoSlice<'a>],
    /// Bytes of the first part that are taken already.
    within: usize,
}

impl Parts<'_> {
    /// Fills `to` with the next bytes, of which there are enough.
    fn take(&mut self, mut to: &mut [u8]) {
        while let Some(part) = self.parts.first().filter(|_| !to.is_empty()) {
            let from = &part[self.within..];
            let count = from.len().min(to.len());
            let (now, later) = to.split_at_mut(count);
            now.copy_from_slice(&from[..count]);
            (to, self.within) = (later, self.within + count);
            if self.within == part.len() {
                (self.parts, self.within) = (&self.parts[1..], 0);
            }
        }
    }
}

/// So many bytes of the buffer, beginning at a multiple of the alignment.
fn aligned(buffer: &mut Vec<u8>, bytes: usize) -> &mut [u8] {
    if buffer.len() < bytes + ALIGNMENT {
        buffer.resize(bytes + ALIGNMENT, 0);
    }
    let begin = buffer.as_ptr().align_offset(ALIGNMENT);
    &mut buffer[begin..begin + bytes]
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
        if let Direct::Open(file) = &*self.direct() {
            let failed = |error| if is_full(&error) { error } else { sync_failed(error) };
            if write_direct(file, parts, pos).map_err(failed)? {
                return Ok(());
            }
        }
        let _turn = self.buffered.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_at(parts, pos)?;
        self.sync_data()
    }

    fn write_aside_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        // Opened each time: it is seldom, and a process has only so many.
        match self.open_again(OFlags::DIRECT) {
            Ok(file) if write_direct(&file, parts, pos)? => Ok(()),
            _ => self.write_at(parts, pos),
        }
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
