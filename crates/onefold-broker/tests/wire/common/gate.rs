//! A disk whose syncs can be held, or made to fail, from one moment on.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use onefold_broker::disk::{Disk, DiskFile, DiskSpace, RealDisk};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Syncs {
    Pass,
    Held,
    Fail,
}

/// Shared by the test and the disk.
#[derive(Clone)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

struct State {
    syncs: Syncs,
    /// How many syncs wait.
    held: usize,
}

impl Gate {
    pub fn open() -> Gate {
        Gate(Arc::new((Mutex::new(State { syncs: Syncs::Pass, held: 0 }), Condvar::new())))
    }

    pub fn set(&self, syncs: Syncs) {
        self.0.0.lock().unwrap().syncs = syncs;
        self.0.1.notify_all();
    }

    /// Waits until a sync is held.
    pub fn until_held(&self) {
        let none = |state: &mut State| state.held == 0;
        let waited = self.0.1.wait_timeout_while(self.0.0.lock().unwrap(), Duration::from_secs(20), none).unwrap();
        assert!(!waited.1.timed_out(), "nothing is synced");
    }

    fn pass(&self) -> io::Result<()> {
        let mut state = self.0.0.lock().unwrap();
        state.held += 1;
        self.0.1.notify_all();
        let mut state = self.0.1.wait_while(state, |state| state.syncs == Syncs::Held).unwrap();
        state.held -= 1;
        match state.syncs {
            Syncs::Fail => Err(io::Error::other("the test's disk fails to sync")),
            _ => Ok(()),
        }
    }
}

/// Opens the gate when the test ends, however it ends: a broker cannot be stopped while its disk is held.
pub struct Opens(pub Gate);

impl Drop for Opens {
    fn drop(&mut self) {
        self.0.set(Syncs::Pass);
    }
}

/// The machine's disk behind a gate.
pub struct GatedDisk(pub Gate);

struct GatedFile(Arc<dyn DiskFile>, Gate);

impl GatedDisk {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(GatedFile(file, self.0.clone()))
    }
}

impl Disk for GatedDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        RealDisk.create(path).map(|file| self.file(file))
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        RealDisk.open(path).map(|file| self.file(file))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(folder)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_dir(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        RealDisk.exists(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        RealDisk.lock(path)
    }
    fn space(&self, folder: &Path) -> io::Result<DiskSpace> {
        RealDisk.space(folder)
    }
}

impl DiskFile for GatedFile {
    fn read_at(&self, pos: u64, len: usize) -> io::Result<Vec<u8>> {
        self.0.read_at(pos, len)
    }
    fn write_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        self.0.write_at(parts, pos)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.1.pass()?;
        self.0.sync_data()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}
