//! Open segments, so many at most: a broker may have far more segments than a process may have open files.

use crate::disk::{Disk, DiskFile};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The files that stay open; the least recently used one makes room.
pub struct OpenFiles {
    disk: Arc<dyn Disk>,
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    files: HashMap<PathBuf, (Arc<dyn DiskFile>, u64)>,
    uses: u64,
}

impl OpenFiles {
    /// Keeps `limit` files open.
    pub fn new(disk: Arc<dyn Disk>, limit: usize) -> OpenFiles {
        OpenFiles { disk, limit, inner: Mutex::default() }
    }

    /// The file, opened if it is not.
    pub fn get(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let now = inner.uses;
        if let Some((file, used)) = inner.files.get_mut(path) {
            *used = now;
            return Ok(file.clone());
        }
        let file = self.disk.open(path)?;
        inner.keep(path, &file, self.limit);
        Ok(file)
    }

    /// A new empty file; one of that name that a crash has left behind is emptied.
    pub fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = match self.disk.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let file = self.disk.open(path)?;
                file.set_len(0)?;
                file
            }
            result => result?,
        };
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).keep(path, &file, self.limit);
        Ok(file)
    }

    /// Lets go of a file that was removed.
    pub fn forget(&self, path: &Path) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).files.remove(path);
    }
}

impl Inner {
    fn keep(&mut self, path: &Path, file: &Arc<dyn DiskFile>, limit: usize) {
        if self.files.len() >= limit
            && let Some(oldest) = self.files.iter().min_by_key(|(_, (_, used))| *used).map(|(path, _)| path.clone())
        {
            self.files.remove(&oldest);
        }
        self.uses += 1;
        self.files.insert(path.to_owned(), (file.clone(), self.uses));
    }
}
