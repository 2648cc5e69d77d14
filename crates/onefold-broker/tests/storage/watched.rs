//! The simulated disk behind a window: every effect is noted, in order and by thread, and any of them can be held back or
//! made to fail while it is on its way.

use onefold_broker::disk::sim::SimDisk;
use onefold_broker::disk::{Disk, DiskFile, DiskSpace};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Far longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Create,
    /// To the event's path, from this one.
    Rename(PathBuf),
    Remove,
    SyncDir,
    Write,
    Sync,
    /// A write and its sync in one call.
    WriteSync,
    SetLen,
}

/// One effect on the disk.
#[derive(Debug, Clone)]
pub struct Event {
    pub kind: Kind,
    pub path: PathBuf,
    /// Where it writes, and how much.
    pub at: u64,
    pub bytes: u64,
    /// Whether all that it writes is zeros.
    pub zeros: bool,
    /// How long the file was before.
    pub length_before: u64,
    pub thread: String,
    /// When it was over; none while it is held.
    pub done: Option<Instant>,
}

impl Event {
    pub fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    pub fn writes(&self) -> bool {
        matches!(self.kind, Kind::Write | Kind::WriteSync | Kind::SetLen)
    }

    /// A group of records on its way: not the filling of a file ahead, which another thread does.
    pub fn is_group(&self) -> bool {
        self.kind == Kind::WriteSync && !self.zeros && self.path.extension().is_some_and(|kind| kind == "journal")
    }
}

/// What becomes of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    /// It waits until there is another rule.
    Hold,
    /// It does not happen.
    Fail(io::ErrorKind),
}

type Rule = Box<dyn Fn(&Event) -> Verdict + Send>;

/// The disk; clones are the same one.
#[derive(Clone)]
pub struct Watched {
    pub disk: SimDisk,
    inner: Arc<(Mutex<Inner>, Condvar)>,
}

struct Inner {
    events: Vec<Event>,
    rule: Rule,
    /// Which of the events are held.
    held: Vec<usize>,
}

impl Watched {
    pub fn on(disk: SimDisk) -> Watched {
        let inner = Inner { events: Vec::new(), rule: Box::new(|_| Verdict::Pass), held: Vec::new() };
        Watched { disk, inner: Arc::new((Mutex::new(inner), Condvar::new())) }
    }

    /// What happens from now on, to those that are held too.
    pub fn rule(&self, rule: impl Fn(&Event) -> Verdict + Send + 'static) {
        self.lock().rule = Box::new(rule);
        self.inner.1.notify_all();
    }

    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// Forgets what has been.
    pub fn forget(&self) {
        let mut inner = self.lock();
        assert!(inner.held.is_empty(), "what is held cannot be forgotten");
        inner.events.clear();
    }

    /// The effects that are held, once there are so many.
    pub fn held(&self, count: usize) -> Vec<Event> {
        self.when(|inner| inner.held.len() >= count, "effects are held");
        let inner = self.lock();
        inner.held.iter().map(|index| inner.events[*index].clone()).collect()
    }

    /// Waits until an effect like this is over.
    pub fn until_done(&self, like: impl Fn(&Event) -> bool) {
        let is_over = |inner: &Inner| inner.events.iter().any(|event| event.done.is_some() && like(event));
        self.when(is_over, "the effect is over");
    }

    /// Waits until what has been is like this.
    pub fn until(&self, like: impl Fn(&[Event]) -> bool) {
        self.when(|inner| like(&inner.events), "the effects are so");
    }

    fn when(&self, condition: impl Fn(&Inner) -> bool, what: &str) {
        let unmet = |inner: &mut Inner| !condition(inner);
        let waited = self.inner.1.wait_timeout_while(self.lock(), PATIENCE, unmet);
        let (_inner, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "it never happens that {what}");
    }

    /// Whoever panicked before: a test that has failed lets go of what it holds.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn effect<T>(&self, event: Event, perform: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut inner = self.lock();
        let index = inner.events.len();
        inner.events.push(event.clone());
        let verdict = loop {
            match (inner.rule)(&event) {
                Verdict::Hold => {
                    if !inner.held.contains(&index) {
                        inner.held.push(index);
                        self.inner.1.notify_all();
                    }
                    inner = self.inner.1.wait(inner).unwrap_or_else(PoisonError::into_inner);
                }
                verdict => break verdict,
            }
        };
        inner.held.retain(|held| *held != index);
        drop(inner);
        let result = match verdict {
            Verdict::Fail(kind) => Err(io::Error::new(kind, "the test's disk refuses")),
            _ => perform(),
        };
        if let Some(event) = self.lock().events.get_mut(index) {
            event.done = Some(Instant::now());
        }
        self.inner.1.notify_all();
        result
    }
}

fn event(kind: Kind, path: &Path) -> Event {
    let thread = std::thread::current().name().unwrap_or_default().to_owned();
    Event { kind, path: path.to_owned(), at: 0, bytes: 0, zeros: false, length_before: 0, thread, done: None }
}

struct WatchedFile {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    watched: Watched,
}

impl Watched {
    fn file(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(WatchedFile { file, path: path.to_owned(), watched: self.clone() })
    }
}

impl WatchedFile {
    fn event(&self, kind: Kind, parts: &[IoSlice<'_>], at: u64) -> Event {
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        let zeros = bytes > 0 && parts.iter().all(|part| part.iter().all(|byte| *byte == 0));
        let length_before = self.file.length().unwrap_or(0);
        Event { at, bytes, zeros, length_before, ..event(kind, &self.path) }
    }
}

impl Disk for Watched {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.effect(event(Kind::Create, path), || self.disk.create(path)).map(|file| self.file(path, file))
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(path).map(|file| self.file(path, file))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.effect(event(Kind::Rename(from.to_owned()), to), || self.disk.rename(from, to))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.effect(event(Kind::Remove, path), || self.disk.remove(path))
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.effect(event(Kind::Remove, path), || self.disk.remove_dir(path))
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.effect(event(Kind::SyncDir, path), || self.disk.sync_dir(path))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        Disk::lock(&self.disk, path)
    }
    fn space(&self, folder: &Path) -> io::Result<DiskSpace> {
        self.disk.space(folder)
    }
}

impl DiskFile for WatchedFile {
    fn read_at(&self, pos: u64, len: usize) -> io::Result<Vec<u8>> {
        self.file.read_at(pos, len)
    }
    fn write_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        self.watched.effect(self.event(Kind::Write, parts, pos), || self.file.write_at(parts, pos))
    }
    fn write_sync_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        self.watched.effect(self.event(Kind::WriteSync, parts, pos), || self.file.write_sync_at(parts, pos))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.watched.effect(self.event(Kind::Sync, &[], 0), || self.file.sync_data())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.watched.effect(self.event(Kind::SetLen, &[], len), || self.file.set_len(len))
    }
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}
