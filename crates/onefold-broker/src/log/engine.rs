//! The storage as plain calls: sequence, sync, and what goes on behind them. No thread, no waiting, so that a test can
//! drive it from one thread and stop it between any two effects on the disk; the threads only call these.

use super::durable::Durability;
use super::flush::Unsynced;
use super::partitions::Partitions;
use super::sequencer::{Now, Queued, Sequencer, batch_bytes};
use super::space::Full;
use super::{LogSettings, LogStopped, Planted, lock};
use crate::crash_point;
use crate::disk::{Disk, DiskSpace, is_full};
use crate::journal::{Files, Framed, Identity, OldFile, Writer};
use crate::segment::OpenFiles;
use onefold_broker_core::{Lsn, Record, State};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

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
    /// Whose turn it is to sync segments.
    pub(super) syncing: Mutex<()>,
    pub(super) durability: Durability,
    /// Bytes of batches between the sequencer and the journal.
    pub(super) queued_bytes: AtomicUsize,
    pub(super) full: Full,
    /// The last one who asked for room was refused for lack of space.
    pub(super) refusing: AtomicBool,
    /// Bytes that the file in use takes without growing.
    pub(super) writer_room: AtomicU64,
}

/// What the syncing thread works with.
pub(super) struct Journal {
    pub(super) writer: Writer,
    /// What a full disk has kept from being written.
    pub(super) waiting: VecDeque<Queued>,
    /// How many records came with the last group.
    pub(super) last_group: usize,
    /// Files that gave way to one in which nothing is durable yet: they are needed until something is.
    pub(super) retired: Vec<OldFile>,
}

/// What a call to [`Engine::sync`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synced {
    /// Nothing was queued.
    Nothing,
    /// Everything that was queued is durable.
    Group,
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

    /// Writes all that is queued and makes it durable, then lets readers see it and releases those who wait.
    ///
    /// # Errors
    /// [`LogStopped`] after any failure but a full disk's: for good, since nobody knows what a failed sync has kept.
    pub fn sync(&self) -> Result<Synced, LogStopped> {
        if let Some(stopped) = self.durability.stopped() {
            return Err(stopped);
        }
        self.sync_locked(&mut lock(&self.journal))
    }

    /// [`Engine::sync`] by whoever has the journal.
    pub(super) fn sync_locked(&self, journal: &mut Journal) -> Result<Synced, LogStopped> {
        let queued = lock(&self.sequencer).take();
        journal.last_group = queued.len();
        journal.waiting.extend(queued);
        if journal.waiting.is_empty() {
            return Ok(Synced::Nothing);
        }
        match self.write_waiting(journal) {
            Ok(()) => {
                self.full.writer.store(false, Ordering::Relaxed);
                Ok(Synced::Group)
            }
            Err(error) if is_full(&error) => {
                self.full.writer.store(true, Ordering::Relaxed);
                Ok(Synced::NoSpace)
            }
            Err(error) => Err(self.stop(&format!("the journal could not be written and synced ({error})"))),
        }
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

    /// Writes what waits, file by file: each file is durable before the next one begins, and published at once.
    fn write_waiting(&self, journal: &mut Journal) -> io::Result<()> {
        let framed: Vec<Framed> = journal.waiting.iter().map(frame).collect();
        let mut left = &framed[..];
        while let Some(first) = left.first() {
            if first.length() as u64 > journal.writer.room() {
                self.next_file(journal);
            }
            let (now, later) = left.split_at(fitting(journal.writer.room(), left));
            self.write_group(journal, now)?;
            if !journal.retired.is_empty() {
                let mut files = lock(&self.files);
                files.old.extend(journal.retired.drain(..));
                files.current = journal.writer.sequence();
            }
            left = later;
        }
        Ok(())
    }

    fn write_group(&self, journal: &mut Journal, group: &[Framed]) -> io::Result<()> {
        let defect = self.settings.defect;
        let last = group.last().map_or(Lsn::NONE, |framed| framed.stamp.lsn);
        let durable = if defect.is(Planted::DurableTooHigh) { last } else { self.durability.lsn() };
        if defect.is(Planted::AckBeforeSync) {
            self.publish(journal, group.len());
            return journal.writer.write(group, durable);
        }
        crash_point!("journal.before_write");
        match journal.writer.write(group, durable) {
            Err(_) if defect.is(Planted::FailedSyncRetried) => journal.writer.sync_again()?,
            result => result?,
        }
        self.writer_room.store(journal.writer.room(), Ordering::Relaxed);
        crash_point!("journal.synced_before_ack");
        self.publish(journal, group.len());
        Ok(())
    }

    /// Takes the next prepared file. Without one the file in use grows, which is slower but never wrong.
    fn next_file(&self, journal: &mut Journal) {
        let Some(ready) = lock(&self.files).ready.pop_front() else { return };
        let old = journal.writer.retire();
        journal.writer = Writer::begin(ready, self.identity, old.last, self.settings.defect);
        journal.retired.push(old);
    }

    /// The first `count` of what waits are durable.
    fn publish(&self, journal: &mut Journal, count: usize) {
        let mut bytes = 0;
        let mut last = Lsn::NONE;
        for queued in journal.waiting.drain(..count) {
            self.partitions.publish(&queued.stamp, &queued.record);
            bytes += queued.batch_bytes;
            last = queued.stamp.lsn;
        }
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.durability.raise(last);
    }
}

/// How many frames go into `room` bytes: at least one, all of them where not even the first fits.
fn fitting(room: u64, frames: &[Framed]) -> usize {
    let mut end = 0;
    let fits = |frame: &&Framed| {
        end += frame.length() as u64;
        end <= room
    };
    match frames.iter().take_while(fits).count() {
        0 => frames.len(),
        count => count,
    }
}

fn frame(queued: &Queued) -> Framed {
    let mut parts = Vec::new();
    queued.record.encode_parts(&mut parts);
    Framed { stamp: queued.stamp, parts }
}
