//! The storage as plain calls: sequence, sync, and what goes on behind them. No thread, no waiting, so that a test can
//! drive it from one thread and stop it between any two effects on the disk; the threads only call these.

use super::durable::Durability;
use super::partitions::Partitions;
use super::sequencer::{Now, Queued, Sequencer, batch_bytes};
use super::{LogSettings, LogStopped, lock};
use crate::disk::{Disk, is_full};
use crate::journal::{Files, Framed, Identity, Writer, prepare};
use onefold_broker_core::{Lsn, Record, State};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// An open log, without threads.
pub struct Engine {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) settings: LogSettings,
    pub(super) identity: Identity,
    pub(super) sequencer: Mutex<Sequencer>,
    pub(super) writer: Mutex<Writer>,
    pub(super) files: Mutex<Files>,
    pub(super) partitions: Partitions,
    pub(super) durability: Durability,
    /// Bytes of batches between the sequencer and the journal.
    pub(super) queued_bytes: AtomicUsize,
    /// No file or checkpoint could be written for lack of space.
    pub(super) out_of_space: AtomicBool,
}

/// What a call to [`Engine::sync`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synced {
    /// Nothing was queued.
    Nothing,
    /// Everything that was queued is durable.
    Group,
    /// The disk is full; the group waits and goes first the next time.
    NoSpace,
}

impl Engine {
    /// See [`super::Log::sequence`]. Whether the queue was empty before comes third.
    pub fn sequence<T>(
        &self,
        decide: impl FnOnce(&State, Now) -> (T, Option<Record>),
    ) -> Result<(T, Lsn, bool), LogStopped> {
        let mut sequencer = lock(&self.sequencer);
        if let Some(stopped) = self.durability.stopped() {
            return Err(stopped);
        }
        if sequencer.is_broken() {
            self.durability.stop("a record could not be applied: report this as a bug, with the log of this process");
            return self.durability.stopped().map_or_else(|| Err(LogStopped("broken".into())), Err);
        }
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
        let now = sequencer.now();
        read(&sequencer.state, now)
    }

    /// Writes all that is queued and makes it durable, then lets readers see it and releases those who wait.
    pub fn sync(&self) -> Result<Synced, LogStopped> {
        if let Some(stopped) = self.durability.stopped() {
            return Err(stopped);
        }
        let mut writer = lock(&self.writer);
        let group = lock(&self.sequencer).take(Vec::new());
        if group.is_empty() {
            return Ok(Synced::Nothing);
        }
        let framed: Vec<Framed> = group.iter().map(frame).collect();
        match self.write(&mut writer, &framed) {
            Ok(()) => {
                self.publish(&group);
                Ok(Synced::Group)
            }
            Err(error) => Err(self.stop(&format!("the journal could not be written and synced ({error})"))),
        }
    }

    /// Prepares a journal file if too few are ready; whether it did.
    pub fn prepare_file(&self) -> io::Result<bool> {
        if lock(&self.files).ready.len() >= self.settings.ready_files {
            return Ok(false);
        }
        let folder = self.journal_folder();
        let bytes = self.settings.journal_file_bytes;
        let ready = prepare(&*self.disk, &folder, &self.files, None, bytes, self.settings.pace);
        self.out_of_space.store(ready.as_ref().is_err_and(is_full), Ordering::Relaxed);
        lock(&self.files).ready.push_back(ready?);
        Ok(true)
    }

    /// Ends the log for good, with the first reason that is given.
    pub(super) fn stop(&self, why: &str) -> LogStopped {
        self.durability.stop(why);
        self.durability.stopped().unwrap_or_else(|| LogStopped(why.into()))
    }

    pub(super) fn journal_folder(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// Writes the frames into as many files as they need; each file is durable before the next one begins.
    fn write(&self, writer: &mut Writer, framed: &[Framed]) -> io::Result<()> {
        let durable = self.durability.lsn();
        let mut left = framed;
        while let Some(first) = left.first() {
            if (first.length() as u64) > writer.room() {
                self.next_file(writer);
            }
            let (now, later) = left.split_at(fitting(writer.room(), left));
            writer.write(now, durable)?;
            left = later;
        }
        Ok(())
    }

    /// Takes the next prepared file. Without one the file in use grows, which is slower but never wrong.
    fn next_file(&self, writer: &mut Writer) {
        let mut files = lock(&self.files);
        let Some(ready) = files.ready.pop_front() else { return };
        let old = writer.retire();
        *writer = Writer::begin(ready, self.identity, old.last, self.settings.defect);
        files.old.push_back(old);
    }

    fn publish(&self, group: &[Queued]) {
        group.iter().for_each(|queued| self.partitions.publish(&queued.record));
        let bytes = group.iter().map(|queued| queued.batch_bytes).sum();
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(last) = group.last() {
            self.durability.raise(last.stamp.lsn);
        }
    }
}

/// How many frames go into `room` bytes: at least one, all of them where not even the first fits.
fn fitting(room: u64, frames: &[Framed]) -> usize {
    let mut end = 0;
    let count = frames
        .iter()
        .take_while(|frame| {
            end += frame.length() as u64;
            end <= room
        })
        .count();
    if count == 0 { frames.len() } else { count }
}

fn frame(queued: &Queued) -> Framed {
    let mut parts = Vec::new();
    queued.record.encode_parts(&mut parts);
    Framed { stamp: queued.stamp, parts }
}
