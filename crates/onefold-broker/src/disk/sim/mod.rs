//! A disk in memory that knows what is durable and what is only written, and can be crashed after any effect.
//!
//! It promises no more than POSIX does: bytes and lengths are durable after a sync of the file, names after a sync of the
//! folder. What is neither may be there after a crash or not, in any mixture of sectors. What it assumes: a sector that a
//! write covers only in part keeps its other bytes (power-safe overwrite).

mod file;
mod image;
mod world;

pub use image::Lost;
pub use world::World;

use super::{Disk, DiskFile, DiskSpace};
use file::SimFile;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use world::Entry;

/// Called before each effect with the effect's number and the disk as it is then.
pub type Hook = Box<dyn FnMut(u64, &World) + Send>;

/// The simulated disk; clones are the same disk.
#[derive(Clone, Default)]
pub struct SimDisk {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    world: World,
    effects: u64,
    hook: Option<Hook>,
    faults: Faults,
}

/// What goes wrong, beside crashes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// The power goes before the effect of this number: it and all later ones fail.
    pub power_off_at: Option<u64>,
    /// The sync that is this effect fails, and what it was to make durable never will be, whatever reads show.
    pub failed_sync_at: Option<u64>,
    /// The write that is this effect finds no space, wherever it goes: some file systems need some for writing over.
    pub no_space_at: Option<u64>,
    /// All files together may have so many bytes.
    pub capacity: Option<u64>,
}

impl SimDisk {
    /// A disk that holds what an image holds.
    pub fn of(world: World) -> SimDisk {
        let inner = Inner { world, ..Inner::default() };
        SimDisk { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Calls `hook` before each effect from now on.
    pub fn on_effect(&self, hook: Hook) {
        self.inner().hook = Some(hook);
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.inner().faults = faults;
    }

    /// How many effects there were.
    pub fn effects(&self) -> u64 {
        self.inner().effects
    }

    /// The disk as it is now.
    pub fn world(&self) -> World {
        self.inner().world.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an effect, shows the disk as it was before it to the hook, and says whether it happens.
    fn effect(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let mut inner = self.inner();
        let number = inner.effects;
        inner.effects += 1;
        if let Some(mut hook) = inner.hook.take() {
            hook(number, &inner.world);
            inner.hook = Some(hook);
        }
        match inner.faults.power_off_at {
            Some(at) if number >= at => Err(io::Error::other("the power is off")),
            _ => Ok(inner),
        }
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.effect()?;
        let inode = inner.world.create(path)?;
        drop(inner);
        Ok(Arc::new(SimFile { disk: self.clone(), inode }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        match self.inner().world.entry(path) {
            Some(Entry::File(inode)) => Ok(Arc::new(SimFile { disk: self.clone(), inode })),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("{} is not there", path.display()))),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.effect()?.world.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.effect()?.world.remove(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.inner().world.list(folder)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        if self.inner().world.entry(path) == Some(Entry::Folder) {
            return Ok(());
        }
        self.effect()?.world.create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.effect()?.world.remove(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.effect()?;
        if inner.world.entry(path) != Some(Entry::Folder) {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} is not there", path.display())));
        }
        inner.world.sync_dir(path);
        Ok(())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.inner().world.entry(path).is_some())
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        Ok(Box::new(()))
    }

    fn space(&self, _folder: &Path) -> io::Result<DiskSpace> {
        Err(io::ErrorKind::Unsupported.into()) // it has no size
    }
}
