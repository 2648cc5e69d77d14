//! The log: the journal, the state it adds up to, and the batches readers want, behind one handle.
//!
//! A record is sequenced (one lock: decided, numbered, applied, queued), synced (one thread: all that is queued, one
//! write, one sync), published (high watermarks rise, waiters wake), and later moved into segments. [`Engine`] does all
//! of it as plain calls; [`Log`] adds the threads and the waiting. What may not happen here: knowing Kafka's requests.

mod defect;
mod durable;
mod engine;
mod error;
mod partition;
mod partitions;
mod recover;
mod sequencer;
mod settings;
mod threads;

pub use defect::{Defect, Planted};
pub use durable::Durable;
pub use engine::{Engine, Synced};
pub use error::{LogStopped, OpenError, ProduceRefused, ReadError};
pub use sequencer::Now;
pub use settings::{Clock, LogSettings};

use crate::disk::Disk;
use bytes::Bytes;
use onefold_broker_core::{Lsn, Record, State, TopicId, TopicPartition};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use threads::{Signals, Threads};
use tokio::sync::{Notify, watch};

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
        crate::crash::arm();
        create_folder(&*disk, folder)?;
        let lock = disk.lock(&folder.join("lock")).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => OpenError::Locked(folder.to_owned()),
            _ => OpenError::io(folder, error),
        })?;
        let engine = Arc::new(Engine::open(disk, folder, settings)?);
        let signals = Arc::new(Signals::default());
        let cluster_id = TopicId(engine.identity.cluster_id).to_string();
        let threads = Threads::start(&engine, &signals).map_err(|error| OpenError::io(folder, error))?;
        Ok(Log {
            running: Arc::new(Running {
                engine,
                signals,
                threads: Mutex::new(Some(threads)),
                lock: Mutex::new(Some(lock)),
                cluster_id,
            }),
        })
    }

    /// The one sequencer: `decide` sees the state and broker time; the record it returns gets its LSN, is applied and
    /// queued in the same step. The LSN is the record's, `Lsn(0)` without one. `decide` must be short: all wait for it.
    ///
    /// # Errors
    /// [`LogStopped`] after a failed write or sync, or a shutdown.
    pub fn sequence<T>(&self, decide: impl FnOnce(&State, Now) -> (T, Option<Record>)) -> Result<(T, Lsn), LogStopped> {
        let (answer, lsn, wake) = self.engine().sequence(decide)?;
        if wake {
            self.running.signals.sync.set();
        }
        Ok((answer, lsn))
    }

    /// Looks at the state. What it shows may not be durable yet: wait for the LSN that it says it depends on.
    pub fn view<T>(&self, read: impl FnOnce(&State, Now) -> T) -> T {
        self.engine().view(read)
    }

    /// How far everything is durable, as it moves.
    pub fn durable(&self) -> watch::Receiver<Durable> {
        self.engine().durability.watch()
    }

    /// Waits until this record and all before it are on stable storage. Cancel-safe.
    ///
    /// # Errors
    /// [`LogStopped`] when they never will be.
    pub async fn wait_durable(&self, lsn: Lsn) -> Result<(), LogStopped> {
        self.engine().durability.wait(lsn).await
    }

    /// The partition's durable end; none when there is no such partition.
    pub fn high_watermark(&self, at: TopicPartition) -> Option<i64> {
        match self.engine().partitions.get(at) {
            Some(partition) => Some(partition.high_watermark()),
            None => self.view(|state, _| state.partition(at).map(|_| 0)),
        }
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
        let Some(partition) = self.engine().partitions.get(at) else {
            return Ok(Chunk { batches: Vec::new(), high_watermark: 0, log_start: 0 });
        };
        let (log_start, high_watermark) = (partition.log_start(), partition.high_watermark());
        if offset < log_start {
            return Err(ReadError::BelowStart { log_start });
        }
        let batches = partition.read_tail(offset, max_bytes, at_least_one).unwrap_or_default();
        Ok(Chunk { batches, high_watermark, log_start })
    }

    /// Whether reading this offset would go to the disk rather than to memory.
    pub fn would_touch_disk(&self, at: TopicPartition, offset: i64) -> bool {
        let partition = self.engine().partitions.get(at);
        partition.is_some_and(|partition| offset < partition.high_watermark() && !partition.in_tail(offset))
    }

    /// The first record at or after a time, as (offset, timestamp); none when all are before it.
    pub fn offset_for_time(&self, at: TopicPartition, timestamp_ms: i64) -> Result<Option<(i64, i64)>, ReadError> {
        let partition = self.engine().partitions.get(at);
        Ok(partition.and_then(|partition| partition.tail_at_time(timestamp_ms)))
    }

    /// The record with the greatest timestamp, as (offset, timestamp); none in an empty partition.
    pub fn max_timestamp(&self, at: TopicPartition) -> Result<Option<(i64, i64)>, ReadError> {
        let partition = self.engine().partitions.get(at);
        Ok(partition.and_then(|partition| partition.tail_max_time()))
    }

    /// Wakes when the high watermark of any of these partitions is above its offset. Cancel-safe.
    pub async fn wait_readable(&self, wanted: &[(TopicPartition, i64)]) {
        let waiting = WaitReadable::new(self, wanted);
        waiting.wake.notified().await;
    }

    /// Waits until `bytes` more of batches fit into memory and journal. Cancel-safe.
    ///
    /// # Errors
    /// [`ProduceRefused`], at once, when the disk is full.
    pub async fn room(&self, bytes: usize) -> Result<(), ProduceRefused> {
        let _ = bytes;
        match self.engine().durability.stopped() {
            Some(stopped) => Err(stopped.into()),
            None => Ok(()),
        }
    }

    /// The cluster's id as clients see it, made once for each data folder.
    pub fn cluster_id(&self) -> &str {
        &self.running.cluster_id
    }

    /// Makes everything durable, ends the threads and gives up the folder. May be called more than once; blocks.
    pub fn shutdown(&self) {
        self.running.shutdown();
    }

    fn engine(&self) -> &Engine {
        &self.running.engine
    }
}

impl Running {
    fn shutdown(&self) {
        self.signals.end();
        if let Some(threads) = lock(&self.threads).take() {
            threads.join();
        }
        self.engine.durability.stop("it was shut down");
        drop(lock(&self.lock).take());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// A registered wait; leaves nothing behind when it is dropped.
struct WaitReadable {
    wake: Arc<Notify>,
    partitions: Vec<Arc<partition::PartitionLog>>,
}

impl WaitReadable {
    fn new(log: &Log, wanted: &[(TopicPartition, i64)]) -> WaitReadable {
        let wake = Arc::new(Notify::new());
        let mut partitions = Vec::with_capacity(wanted.len());
        for (at, offset) in wanted {
            let partition = log.engine().partitions.get_or_insert(*at);
            partition.notify_above(*offset, &wake);
            partitions.push(partition);
        }
        WaitReadable { wake, partitions }
    }
}

impl Drop for WaitReadable {
    fn drop(&mut self) {
        self.partitions.iter().for_each(|partition| partition.forget(&self.wake));
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
