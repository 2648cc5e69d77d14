//! The storage as plain calls: sequence, sync, and what goes on behind them. No thread, no waiting, so that a test can
//! drive it from one thread and stop it between any two effects on the disk; the threads only call these.

use super::durable::Durability;
use super::fair::Fair;
use super::flight::Air;
use super::flush::Unsynced;
use super::partitions::Partitions;
use super::sequencer::{Now, Queued, Sequencer, batch_bytes};
use super::space::Full;
use super::{LogSettings, LogStopped, lock};
use crate::disk::{Disk, DiskSpace};
use crate::journal::{Files, Identity, OldFile, Writer};
use crate::segment::OpenFiles;
use onefold_broker_core::{Lsn, Record, State};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// An open log, without threads.
pub struct Engine {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) settings: LogSettings,
    pub(super) identity: Identity,
    pub(super) sequencer: Mutex<Sequencer>,
    pub(super) journal: Mutex<Journal>,
    pub(super) files: Mutex<Files>,
    pub(super) partitions: Partitions,
    pub(super) segment_files: OpenFiles,
    pub(super) unsynced: Mutex<Unsynced>,
    /// Whose turn it is to move batches to segments, or to remove segments. Taken before the next two.
    pub(super) flushing: Fair,
    /// Whose turn it is to sync segments.
    pub(super) syncing: Mutex<()>,
    /// Held while folders are synced, and while one of them is removed. Nothing is taken after it.
    pub(super) naming: Mutex<()>,
    pub(super) durability: Durability,
    /// Wakes who waits for an earlier group to land.
    pub(super) turn: Condvar,
    /// Bytes of batches that have room and are not yet with the sequencer.
    pub(super) promised_bytes: AtomicUsize,
    /// Bytes of batches between the sequencer and the durable journal.
    pub(super) queued_bytes: AtomicUsize,
    /// Those of them that are being written.
    pub(super) air_bytes: AtomicUsize,
    pub(super) full: Full,
    /// The last one who asked for room was refused for lack of space.
    pub(super) refusing: AtomicBool,
    /// Bytes that the file in use takes without growing.
    pub(super) writer_room: AtomicU64,
}

/// What whoever begins or lands a group works with.
pub(super) struct Journal {
    pub(super) writer: Writer,
    /// What is to be written next, by LSN: what a full disk has kept from it, and what the last group had no room for.
    pub(super) waiting: VecDeque<Queued>,
    /// How many records were there for the last group.
    pub(super) last_group: usize,
    /// What is being written.
    pub(super) air: Air,
    /// Files that gave way to one in which nothing is durable yet: they are needed until something is.
    pub(super) retired: Vec<OldFile>,
}

/// What a call to [`Engine::sync`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synced {
    /// Nothing was queued.
    Nothing,
    /// Everything that was queued is durable, or a group of it.
    Group,
    /// Something was queued, and waits until what is on its way to the disk is there.
    Later,
    /// The disk is full; what is not written waits and goes first the next time.
    NoSpace,
}

impl Engine {
    /// See [`super::Log::sequence`]. Third comes whether the queue was empty before, so that someone must be woken.
    pub fn sequence<T>(
        &self,
        decide: impl FnOnce(&State, Now) -> (T, Option<Record>),
    ) -> Result<(T, Lsn, bool), LogStopped> {
        let mut sequencer = lock(&self.sequencer);
        if sequencer.is_broken() {
            return Err(self.stop("a record could not be applied: report this as a bug, with this process's output"));
        }
        if let Some(stopped) = self.durability.stopped() {
            return Err(stopped);
        }
        sequencer.state.settle(self.durability.lsn());
        let now = sequencer.now();
        let (answer, record) = decide(&sequencer.state, now);
        let Some(record) = record else { return Ok((answer, Lsn::NONE, false)) };
        let bytes = batch_bytes(&record);
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let (lsn, first) = sequencer.push(now, record, bytes);
        Ok((answer, lsn, first))
    }

    /// See [`super::Log::view`].
    pub fn view<T>(&self, read: impl FnOnce(&State, Now) -> T) -> T {
        let mut sequencer = lock(&self.sequencer);
        sequencer.state.settle(self.durability.lsn());
        let now = sequencer.now();
        read(&sequencer.state, now)
    }

    /// Writes all that is queued and makes it durable, group by group, then lets readers see it and releases those who wait.
    ///
    /// # Errors
    /// [`LogStopped`] after any failure but a full disk's: for good, since nobody knows what a failed sync has kept.
    pub fn sync(&self) -> Result<Synced, LogStopped> {
        let mut before = Synced::Nothing;
        loop {
            match self.step()? {
                Synced::Group => before = Synced::Group,
                Synced::Nothing => return Ok(before),
                other => return Ok(other),
            }
        }
    }

    /// Whether a record waits for its group.
    pub(super) fn has_queued(&self) -> bool {
        lock(&self.sequencer).has_queued()
    }

    /// How far everything is durable.
    pub fn durable_lsn(&self) -> Lsn {
        self.durability.lsn()
    }

    /// Ends the log for good, with the first reason that is given.
    pub(super) fn stop(&self, why: &str) -> LogStopped {
        self.durability.stop(why);
        self.durability.stopped().unwrap_or_else(|| LogStopped(why.into()))
    }

    /// See [`super::Log::space`].
    pub(super) fn space(&self) -> std::io::Result<DiskSpace> {
        self.disk.space(&self.folder)
    }

    pub(super) fn journal_folder(&self) -> PathBuf {
        self.folder.join("journal")
    }
}
