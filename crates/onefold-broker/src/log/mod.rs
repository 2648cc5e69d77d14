//! The log: the journal, the state it adds up to, and the batches readers want, behind one handle.
//!
//! A record is sequenced (one lock: decided, numbered, applied, queued), synced (in groups: what is queued, one
//! write, one sync), published (high watermarks rise, waiters wake), and later moved into segments. [`Engine`] does all
//! of it as plain calls; [`Log`] adds the threads and the waiting. What may not happen here: knowing Kafka's requests.

mod defect;
mod durable;
mod engine;
mod error;
mod fair;
mod flight;
mod flush;
mod keep;
mod lead;
mod partition;
mod partitions;
mod read;
mod recover;
mod retention;
mod sequencer;
mod settings;
mod signal;
mod space;
mod tail;
mod threads;
mod tidy;
mod time;
mod wait;

pub use defect::{Defect, Planted};
pub use durable::Stopped;
pub use engine::{Engine, Synced};
pub use error::{LogStopped, OpenError, ProduceRefused, ReadError};
pub use keep::{Follows, Snapshot};
pub use sequencer::Now;
pub use settings::{Clock, LogSettings};
pub use space::{Promise, Room};

use crate::disk::{Disk, DiskSpace};
use bytes::Bytes;
use onefold_broker_core::{Lsn, Record, State, TopicId, TopicPartition};
use signal::Signals;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use threads::Threads;
use tokio::sync::watch;

/// An open log; clones are handles to the same one. When the last handle goes, so do its threads.
#[derive(Clone)]
pub struct Log {
    running: Arc<Running>,
}

/// What a read gives.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Whole batches, the first of which holds the wanted offset unless that is beyond the end.
    pub batches: Vec<Bytes>,
    /// The partition's durable end.
    pub high_watermark: i64,
    /// The first offset that can be read.
    pub log_start: i64,
}

struct Running {
    engine: Arc<Engine>,
    signals: Arc<Signals>,
    threads: Mutex<Option<Threads>>,
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
    cluster_id: String,
}

impl Log {
    /// Opens the folder, creating it if needed: locks it, recovers, raises the start epoch durably, starts the threads.
    ///
    /// # Errors
    /// [`OpenError`], whose kinds say what to do.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, settings: LogSettings) -> Result<Log, OpenError> {
        Log::open_and(disk, folder, settings, || ()).map(|((), log)| log)
    }

    /// The same, and what `locked` gives, which is called before the recovery begins; on an error, or where nobody takes
    /// both, that is dropped before the folder is given up.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_and<T>(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: LogSettings,
        locked: impl FnOnce() -> T,
    ) -> Result<(T, Log), OpenError> {
        crate::crash::arm();
        create_folder(&*disk, folder)?;
        let lock = disk.lock(&folder.join("lock")).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => OpenError::Locked(folder.to_owned()),
            _ => OpenError::io(folder, error),
        })?;
        let told = locked();
        let engine = Arc::new(Engine::open(disk, folder, settings)?);
        let signals = Arc::new(Signals::default());
        let cluster_id = TopicId(engine.identity.cluster_id).to_string();
        let threads = Threads::start(&engine, &signals).map_err(|error| OpenError::io(folder, error))?;
        let running =
            Running { engine, signals, threads: Mutex::new(Some(threads)), lock: Mutex::new(Some(lock)), cluster_id };
        Ok((told, Log { running: Arc::new(running) }))
    }

    /// The one sequencer: `decide` sees the state and broker time; the record it returns gets its LSN, is applied and
    /// queued in the same step. The LSN is the record's, `Lsn(0)` without one. `decide` must be short: all wait for it.
    ///
    /// # Errors
    /// [`LogStopped`] after a failed write or sync, or a shutdown.
    pub fn sequence<T>(&self, decide: impl FnOnce(&State, Now) -> (T, Option<Record>)) -> Result<(T, Lsn), LogStopped> {
        let (answer, lsn, wake) = self.engine().sequence(decide)?;
        if wake && !self.running.signals.lead.is_on() {
            self.running.signals.sync.set();
        }
        if self.engine().wants_another() {
            // One of the two has sent what is in the air.
            self.running.signals.sync.set();
            self.running.signals.second.set();
        }
        Ok((answer, lsn))
    }

    /// Looks at the state. What it shows may not be durable yet: wait for the LSN that it says it depends on.
    pub fn view<T>(&self, read: impl FnOnce(&State, Now) -> T) -> T {
        self.engine().view(read)
    }

    /// This record and all before it are durable.
    pub fn durable_lsn(&self) -> Lsn {
        self.engine().durable_lsn()
    }

    /// Tells when and why the log has stopped.
    pub fn stopped(&self) -> watch::Receiver<Stopped> {
        self.engine().durability.watch()
    }

    /// Waits until this record and all before it are on stable storage. Cancel-safe.
    ///
    /// # Errors
    /// [`LogStopped`] when they never will be.
    pub async fn wait_durable(&self, lsn: Lsn) -> Result<(), LogStopped> {
        self.wait_syncing(lsn, true).await
    }

    /// Whether a wait that begins now may spend the sync on its own thread: others must watch the sockets meanwhile.
    pub(crate) fn may_sync_here(&self) -> bool {
        lead::may_sync_here(self.engine(), &self.running.signals)
    }

    /// [`Log::wait_durable`], with the sync on another thread unless it may be done `here`.
    pub(crate) async fn wait_syncing(&self, lsn: Lsn, here: bool) -> Result<(), LogStopped> {
        let (engine, signals) = (self.engine(), &self.running.signals);
        let _waits = engine.durability.begin_to_wait();
        match here {
            true => lead::sync_here(engine, signals, lsn),
            false => lead::leave_to_the_thread(signals),
        }
        engine.durability.wait(lsn).await
    }

    /// How many wait so at this moment.
    pub fn waiting(&self) -> usize {
        self.engine().durability.waiting()
    }

    /// Whether records come one at a time now, so that whoever waits for one syncs it.
    pub(crate) fn is_led(&self) -> bool {
        self.running.signals.lead.is_on()
    }

    /// The partition's durable end; none when there is no such partition.
    pub fn high_watermark(&self, at: TopicPartition) -> Option<i64> {
        match self.engine().partitions.get(at) {
            Some(partition) => Some(partition.high_watermark()),
            None => self.view(|state, _| state.partition(at).map(|_| 0)),
        }
    }

    /// Where the partition durably begins: what DeleteRecords does counts when it is on the disk. 0 without a partition.
    pub(crate) fn log_start(&self, at: TopicPartition) -> i64 {
        self.engine().partitions.get(at).map_or(0, |partition| partition.log_start())
    }

    /// Whole batches from the one that holds `offset`, below the high watermark, of at most `max_bytes` together; the
    /// first one whatever its size if `at_least_one`. May block on the disk: see [`Log::would_touch_disk`].
    ///
    /// # Errors
    /// [`ReadError`], whose kinds say what to answer.
    pub fn read(
        &self,
        at: TopicPartition,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Result<Chunk, ReadError> {
        self.engine().read(at, offset, max_bytes, at_least_one)
    }

    /// Whether reading this offset would go to the disk rather than to memory.
    pub fn would_touch_disk(&self, at: TopicPartition, offset: i64) -> bool {
        let partition = self.engine().partitions.get(at);
        partition.is_some_and(|partition| offset < partition.high_watermark() && !partition.in_tail(offset))
    }

    /// The first record at or after a time, as (offset, timestamp); none when all are before it. May block on the disk.
    ///
    /// # Errors
    /// [`ReadError`], whose kinds say what to answer.
    pub fn offset_for_time(&self, at: TopicPartition, timestamp_ms: i64) -> Result<Option<(i64, i64)>, ReadError> {
        self.engine().offset_for_time(at, timestamp_ms)
    }

    /// The record with the greatest timestamp, as (offset, timestamp); none in an empty partition. May block on the disk.
    ///
    /// # Errors
    /// [`ReadError`], whose kinds say what to answer.
    pub fn max_timestamp(&self, at: TopicPartition) -> Result<Option<(i64, i64)>, ReadError> {
        self.engine().max_timestamp(at)
    }

    /// Bytes of a partition's durable batches, those in whole segments that its start has passed included.
    pub fn stored_bytes(&self, at: TopicPartition) -> u64 {
        self.engine().partitions.get(at).map_or(0, |partition| partition.stored_bytes())
    }

    /// How much the file system of the data folder holds, and how much of that is free. May block on the disk.
    ///
    /// # Errors
    /// The system's.
    pub fn space(&self) -> std::io::Result<DiskSpace> {
        self.engine().space()
    }

    /// Wakes when the high watermark of any of these partitions is above its offset. Cancel-safe.
    pub async fn wait_readable(&self, wanted: &[(TopicPartition, i64)]) {
        wait::Readable::new(self, wanted).wait().await;
    }

    /// Waits until `bytes` more of batches fit into memory and journal. They have that room for as long as the promise
    /// lives: to be dropped once they are sequenced. Cancel-safe.
    ///
    /// # Errors
    /// [`ProduceRefused`], at once, when the disk is full.
    pub async fn room(&self, bytes: usize) -> Result<Promise<'_>, ProduceRefused> {
        loop {
            let freed = self.running.signals.freed.notified();
            if let Some(stopped) = self.engine().durability.stopped() {
                return Err(stopped.into());
            }
            let room = self.engine().room(bytes);
            self.engine().refusing.store(room == Room::NoSpace, Ordering::Relaxed);
            match room {
                Room::Free => return Ok(Promise { engine: self.engine(), bytes }),
                Room::NoSpace => return Err(ProduceRefused::NoSpace),
                Room::Later => {}
            }
            self.running.signals.keep.set();
            self.running.signals.checkpoint.set();
            self.running.signals.files.set();
            // The timeout is for what nobody announces, such as a stop; what is worked off wakes at once.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(20), freed).await;
        }
    }

    /// Whether produce is being refused because the disk is full: the last one was, and it still is.
    pub fn refuses_for_space(&self) -> bool {
        self.engine().refusing.load(Ordering::Relaxed) && self.engine().full.is()
    }

    /// The cluster's id as clients see it, made once for each data folder.
    pub fn cluster_id(&self) -> &str {
        &self.running.cluster_id
    }

    /// Makes everything durable, ends the threads and gives up the folder. May be called more than once; blocks.
    pub fn shutdown(&self) {
        self.shutdown_and(|| ());
    }

    /// The same; `last` is called just before the folder is given up.
    pub fn shutdown_and(&self, last: impl FnOnce()) {
        self.running.shutdown(last);
    }

    fn engine(&self) -> &Engine {
        &self.running.engine
    }
}

impl Running {
    fn shutdown(&self, last: impl FnOnce()) {
        self.engine.settings.pace.ending.store(true, Ordering::Relaxed);
        self.signals.end();
        if let Some(threads) = lock(&self.threads).take() {
            threads.join();
            self.engine.close();
        }
        self.engine.durability.stop("it was shut down");
        last();
        drop(lock(&self.lock).take());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown(|| ());
    }
}

fn create_folder(disk: &dyn Disk, folder: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::io(folder, error);
    if disk.exists(folder).map_err(failed)? {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_folder(disk, parent)?;
    }
    disk.create_dir(folder).map_err(failed)?;
    disk.sync_dir(parent.unwrap_or(Path::new("."))).map_err(failed)
}

/// Locks, whoever panicked before: what is behind these locks is whole between any two statements that matter, and the
/// sequencer notices by itself when a record was half applied.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn lock_read<T>(locked: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    locked.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn lock_write<T>(locked: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    locked.write().unwrap_or_else(PoisonError::into_inner)
}
