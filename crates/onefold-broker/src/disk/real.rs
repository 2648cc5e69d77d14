//! The machine's file system: pwritev, pread, fdatasync, flock.

use super::{Disk, DiskFile, sync_failed};
use rustix::buffer::spare_capacity;
use rustix::fs::FlockOperation;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

/// Linux takes at most this many parts in one pwritev (`IOV_MAX`).
const PARTS_A_WRITE: usize = 1024;

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile(OpenOptions::new().read(true).write(true).open(path)?)))
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
        File::open(path)?.sync_all()
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

struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, pos: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            let at = pos + bytes.len() as u64;
            let got = match rustix::io::pread(&self.0, spare_capacity(&mut bytes), at) {
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
            let wrote = match rustix::io::pwritev(&self.0, now, pos) {
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

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data().map_err(sync_failed)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
