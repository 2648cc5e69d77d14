//! From a folder to an open log: read what is durable, make it durable again in a new file, raise the epoch.

use super::durable::Durability;
use super::engine::{Engine, Journal};
use super::fair::Fair;
use super::flight::Air;
use super::flush::Unsynced;
use super::partition::PartitionLog;
use super::partitions::Partitions;
use super::sequencer::Sequencer;
use super::space::Full;
use super::{Defect, LogSettings, OpenError, Planted, tidy};
use crate::checkpoint::{self, Checkpoint, CheckpointError};
use crate::crash_point;
use crate::disk::{Disk, is_full};
use crate::journal::{
    self, Files, Framed, Identity, OldFile, Pace, ReplayEnd, ReplayError, ReplayStart, Replayed, Writer, file_name,
    prepare_first, replay,
};
use crate::segment::{OpenFiles, SegmentList};
use onefold_broker_core::{Lsn, Record, RecordError, Stamp, State, TopicPartition};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex};

/// Segments that stay open. A process may have 1,024 files in all by default, and clients need most of them.
const OPEN_SEGMENTS: usize = 256;

impl Engine {
    /// Opens the folder, which the caller has locked: recovers, and begins a new start, durably.
    ///
    /// # Errors
    /// [`OpenError`], whose kinds say what to do; nothing on the disk has changed then that a later start would miss.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, mut settings: LogSettings) -> Result<Engine, OpenError> {
        // Settings may be used again after a log was shut down.
        settings.pace = Pace::new(settings.pace.chunk, settings.pace.rest);
        make_folders(&*disk, folder)?;
        let journal = folder.join("journal");
        let checkpoint = read_checkpoint(&*disk, folder)?;
        let mut recovery = Recovery::from(checkpoint.as_ref(), folder, settings.defect)?;
        let start = replay_start(checkpoint.as_ref(), &settings);
        let mut end = replay(&*disk, &journal, start, |replayed| recovery.take(replayed))
            .map_err(|error| open_error(&journal, error))?;
        let segments = folder.join("segments");
        tidy::check_segments(&*disk, &segments, &recovery.partitions, &recovery.state)?;
        let (identity, writer) = recovery.begin(&*disk, &journal, &mut end, &settings)?;
        tidy::remove_strangers(&*disk, &segments, &recovery.partitions, &recovery.state)?;
        let mut files = known_files(&*disk, &journal, &end)?;
        files.current = writer.sequence();
        let mut freed = files.take_covered(start.covered);
        files.spare.append(&mut freed);
        let (lsn, room) = (recovery.state.lsn(), writer.room());
        Ok(Engine {
            segment_files: OpenFiles::new(disk.clone(), OPEN_SEGMENTS),
            disk,
            folder: folder.to_owned(),
            identity,
            sequencer: Mutex::new(Sequencer::new(recovery.state, settings.clock.clone(), recovery.last_ms)),
            settings,
            journal: Mutex::new(Journal {
                writer,
                waiting: VecDeque::new(),
                last_group: 0,
                air: Air::default(),
                retired: Vec::new(),
            }),
            turn: Condvar::new(),
            air_bytes: AtomicUsize::new(0),
            files: Mutex::new(files),
            partitions: recovery.partitions,
            unsynced: Mutex::new(Unsynced::default()),
            flushing: Fair::default(),
            syncing: Mutex::default(),
            naming: Mutex::default(),
            durability: Durability::new(lsn),
            promised_bytes: AtomicUsize::new(0),
            queued_bytes: AtomicUsize::new(0),
            full: Full::default(),
            refusing: AtomicBool::new(false),
            writer_room: AtomicU64::new(room),
        })
    }
}

/// What checkpoint and replay add up to.
struct Recovery {
    state: State,
    partitions: Partitions,
    /// Records that are there but not known to be durable: they are written once more before anyone sees them.
    unproven: VecDeque<(Framed, Record)>,
    last_ms: i64,
    defect: Defect,
}

impl Recovery {
    fn from(checkpoint: Option<&Checkpoint>, folder: &Path, defect: Defect) -> Result<Recovery, OpenError> {
        let state = match checkpoint {
            Some(checkpoint) => checkpoint.state().map_err(|error| damaged(folder, error.into()))?,
            None => State::new(),
        };
        let partitions = Partitions::default();
        let mut segments: HashMap<TopicPartition, SegmentList> = HashMap::new();
        for listed in checkpoint.map(|checkpoint| checkpoint.partitions.as_slice()).unwrap_or_default() {
            segments.insert(listed.at, SegmentList::restored(listed.segments.clone()));
        }
        for topic in state.topics() {
            for (number, partition) in (0..).zip(&topic.partitions) {
                let at = TopicPartition::new(topic.id, number);
                let listed = segments.remove(&at).unwrap_or_default();
                partitions.restore(PartitionLog::restored(at, partition.log_start(), listed));
            }
        }
        // Flushed after the state was taken: the replay is about to create their topics.
        for (at, listed) in segments {
            partitions.restore(PartitionLog::restored(at, 0, listed));
        }
        Ok(Recovery { state, partitions, unproven: VecDeque::new(), last_ms: 0, defect })
    }

    fn take(&mut self, replayed: Replayed) -> Result<(), RecordError> {
        let Replayed { frame, durable } = replayed;
        let record = Record::decode(frame.content.clone())?;
        if !self.passes_over(&record) {
            self.state.apply(&frame.stamp, &record);
        }
        self.last_ms = self.last_ms.max(frame.stamp.time_ms);
        self.unproven.push_back((Framed { stamp: frame.stamp, parts: vec![frame.content] }, record));
        while let Some((framed, record)) = self.unproven.front()
            && framed.stamp.lsn <= durable
        {
            if !(self.defect.is(Planted::MarkersNotReplayed) && matches!(record, Record::TransactionEnded(_))) {
                self.partitions.publish(&framed.stamp, record);
            }
            self.unproven.pop_front();
        }
        Ok(())
    }

    fn passes_over(&self, record: &Record) -> bool {
        match record {
            Record::TopicDeleted { .. } => self.defect.is(Planted::DeletionNotReplayed),
            Record::GroupChanged(_) => self.defect.is(Planted::GroupsNotReplayed),
            _ => false,
        }
    }

    /// Writes what is not proven durable and the new epoch into a file of this start, and only then shows it.
    fn begin(
        &mut self,
        disk: &dyn Disk,
        folder: &Path,
        end: &mut ReplayEnd,
        settings: &LogSettings,
    ) -> Result<(Identity, Writer), OpenError> {
        let identity = end.identity.or(settings.identity).unwrap_or_else(new_identity);
        let unproven = std::mem::take(&mut self.unproven);
        let mut above = unproven.front().map_or(end.last, |(first, _)| Lsn(first.stamp.lsn.0 - 1));
        let (framed, stamp, record) = self.started(end.last, settings);
        let mut group: Vec<Framed> = unproven.iter().map(|(framed, _)| framed.clone()).collect();
        if settings.defect.is(Planted::TailNotRewritten) {
            (above, group) = (end.last, Vec::new());
        }
        group.push(framed);
        let bytes: usize = group.iter().map(Framed::length).sum();
        let failed = |error| OpenError::io(folder, error);
        let size = settings.first_file_bytes.max(2 * bytes as u64 + journal::BLOCK);
        let ready = match prepare_first(disk, folder, end.highest + 1, size) {
            // Journal files that nobody needs any more give their space.
            Err(error) if is_full(&error) && !end.leftovers.is_empty() => {
                for sequence in end.leftovers.drain(..) {
                    disk.remove(&folder.join(file_name(sequence))).map_err(failed)?;
                }
                prepare_first(disk, folder, end.highest + 1, size)
            }
            first => first,
        }
        .map_err(failed)?;
        crash_point!("start.file_prepared");
        let writer = match end.identity {
            Some(_) => Writer::take_over(ready, identity, above, &group, settings.defect).map_err(failed)?,
            None => Writer::found(ready, identity, &group, settings.defect).map_err(failed)?,
        };
        crash_point!("start.file_taken_over");
        if !settings.defect.is(Planted::NoFolderSync) {
            disk.sync_dir(folder).map_err(failed)?;
        }
        self.state.apply(&stamp, &record);
        unproven.iter().for_each(|(framed, record)| self.partitions.publish(&framed.stamp, record));
        Ok((identity, writer))
    }

    /// The record that begins this start.
    fn started(&mut self, last: Lsn, settings: &LogSettings) -> (Framed, Stamp, Record) {
        let raise = i32::from(!settings.defect.is(Planted::EpochNotRaised));
        let epoch = self.state.leader_epoch() + raise;
        self.last_ms = self.last_ms.max(settings.clock.now_ms());
        let stamp = Stamp { lsn: last.next(), start_epoch: epoch, time_ms: self.last_ms };
        let record = Record::Started { epoch };
        let mut parts = Vec::new();
        record.encode_parts(&mut parts);
        (Framed { stamp, parts }, stamp, record)
    }
}

fn make_folders(disk: &dyn Disk, folder: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::io(folder, error);
    disk.create_dir(&folder.join("journal")).map_err(failed)?;
    disk.create_dir(&folder.join("segments")).map_err(failed)?;
    disk.sync_dir(folder).map_err(failed)
}

fn read_checkpoint(disk: &dyn Disk, folder: &Path) -> Result<Option<Checkpoint>, OpenError> {
    let path = folder.join(checkpoint::NAME);
    match checkpoint::read(disk, folder).map_err(|error| OpenError::io(path, error))? {
        None => Ok(None),
        Some(Ok(checkpoint)) => Ok(Some(checkpoint)),
        Some(Err(error)) => Err(damaged(folder, error)),
    }
}

fn damaged(folder: &Path, error: CheckpointError) -> OpenError {
    let path = folder.join(checkpoint::NAME);
    match error {
        CheckpointError::Version(found) => OpenError::WrongVersion { path, found, known: checkpoint::FORMAT_VERSION },
        CheckpointError::State(RecordError::UnknownVersion(found)) => {
            OpenError::WrongVersion { path, found: found.into(), known: State::SNAPSHOT_VERSION.into() }
        }
        error => OpenError::Corrupt { path, position: 0, why: error.to_string() },
    }
}

fn replay_start(checkpoint: Option<&Checkpoint>, settings: &LogSettings) -> ReplayStart {
    let defect = settings.defect;
    checkpoint.map_or(ReplayStart { defect, ..ReplayStart::default() }, |checkpoint| ReplayStart {
        identity: Some(checkpoint.identity),
        covered: checkpoint.lsn,
        first_file: checkpoint.first_file,
        must_exist: checkpoint.journal_follows,
        defect,
    })
}

/// The journal's files as the running log keeps them.
fn known_files(disk: &dyn Disk, folder: &Path, end: &ReplayEnd) -> Result<Files, OpenError> {
    let mut spare = Vec::new();
    for &sequence in &end.leftovers {
        let path = folder.join(file_name(sequence));
        let bytes = disk.open(&path).and_then(|file| file.length()).map_err(|error| OpenError::io(path, error))?;
        spare.push(OldFile { sequence, last: Lsn::NONE, bytes });
    }
    let highest = end.highest + 1;
    Ok(Files { old: end.old.clone().into(), ready: VecDeque::new(), spare, current: highest, highest })
}

fn new_identity() -> Identity {
    Identity { cluster_id: *uuid::Uuid::new_v4().as_bytes(), salt: *uuid::Uuid::new_v4().as_bytes() }
}

fn open_error(folder: &Path, error: ReplayError<RecordError>) -> OpenError {
    match error {
        ReplayError::Io(path, error) => OpenError::io(path, error),
        ReplayError::Version(path, found) => OpenError::WrongVersion { path, found, known: journal::FORMAT_VERSION },
        ReplayError::Corrupt { path, position, lsn, why } => {
            OpenError::Corrupt { path, position, why: format!("record {lsn}: {why}") }
        }
        ReplayError::Receiver(error) => {
            OpenError::Corrupt { path: folder.to_owned(), position: 0, why: error.to_string() }
        }
    }
}
