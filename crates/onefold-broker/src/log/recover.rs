//! From a folder to an open log: read what is durable, make it durable again in a new file, raise the epoch.

use super::durable::Durability;
use super::engine::Engine;
use super::partitions::Partitions;
use super::sequencer::Sequencer;
use super::{LogSettings, OpenError};
use crate::disk::Disk;
use crate::journal::{
    FORMAT_VERSION, Files, Framed, Identity, ReplayEnd, ReplayError, ReplayStart, Replayed, Writer, prepare_first,
    replay,
};
use onefold_broker_core::{Lsn, Record, RecordError, Stamp, State};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

impl Engine {
    /// Opens the folder, which the caller has locked: recovers, and begins a new start, durably.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, settings: LogSettings) -> Result<Engine, OpenError> {
        make_folders(&*disk, folder)?;
        let journal = folder.join("journal");
        let mut recovery = Recovery::new(State::new());
        let start = ReplayStart { defect: settings.defect, ..ReplayStart::default() };
        let end = replay(&*disk, &journal, start, |replayed| recovery.take(replayed))
            .map_err(|error| open_error(&journal, error))?;
        let writer = recovery.begin(&*disk, &journal, &end, &settings)?;
        let (identity, writer) = writer;
        let files = Files { old: end.old.into(), ready: VecDeque::new(), highest: end.highest + 1 };
        let lsn = recovery.state.lsn();
        Ok(Engine {
            disk,
            folder: folder.to_owned(),
            identity,
            sequencer: Mutex::new(Sequencer::new(recovery.state, settings.clock.clone(), recovery.last_ms)),
            settings,
            writer: Mutex::new(writer),
            files: Mutex::new(files),
            partitions: recovery.partitions,
            durability: Durability::new(lsn),
            queued_bytes: AtomicUsize::new(0),
            out_of_space: AtomicBool::new(false),
        })
    }
}

/// What the replay adds up to.
struct Recovery {
    state: State,
    partitions: Partitions,
    /// Records that are there but not known to be durable: they are written once more before anyone sees them.
    unproven: VecDeque<(Framed, Record)>,
    last_ms: i64,
}

impl Recovery {
    fn new(state: State) -> Recovery {
        Recovery { state, partitions: Partitions::default(), unproven: VecDeque::new(), last_ms: 0 }
    }

    fn take(&mut self, replayed: Replayed) -> Result<(), RecordError> {
        let Replayed { frame, durable } = replayed;
        let record = Record::decode(frame.content.clone())?;
        self.state.apply(&frame.stamp, &record);
        self.last_ms = self.last_ms.max(frame.stamp.time_ms);
        self.unproven.push_back((Framed { stamp: frame.stamp, parts: vec![frame.content] }, record));
        while let Some((framed, record)) = self.unproven.front()
            && framed.stamp.lsn <= durable
        {
            self.partitions.publish(record);
            self.unproven.pop_front();
        }
        Ok(())
    }

    /// Writes what is not proven durable and the new epoch into a file of this start.
    fn begin(
        &mut self,
        disk: &dyn Disk,
        journal: &Path,
        end: &ReplayEnd,
        settings: &LogSettings,
    ) -> Result<(Identity, Writer), OpenError> {
        let identity = end.identity.or(settings.identity).unwrap_or_else(new_identity);
        let unproven = std::mem::take(&mut self.unproven);
        let above = unproven.front().map_or(end.last, |(first, _)| Lsn(first.stamp.lsn.0 - 1));
        let (mut group, records): (Vec<Framed>, Vec<Record>) = unproven.into_iter().unzip();
        let started = Record::Started { epoch: self.state.leader_epoch() + 1 };
        self.last_ms = self.last_ms.max(settings.clock.now_ms());
        let stamp = Stamp { lsn: end.last.next(), start_epoch: self.state.leader_epoch() + 1, time_ms: self.last_ms };
        let mut parts = Vec::new();
        started.encode_parts(&mut parts);
        group.push(Framed { stamp, parts });
        let bytes: usize = group.iter().map(Framed::length).sum();
        let sequence = end.highest + 1;
        let failed = |error| OpenError::io(journal, error);
        let ready =
            prepare_first(disk, journal, sequence, settings.first_file_bytes.max(2 * bytes as u64)).map_err(failed)?;
        let writer = Writer::take_over(ready, identity, above, &group, settings.defect).map_err(failed)?;
        disk.sync_dir(journal).map_err(failed)?;
        self.state.apply(&stamp, &started);
        records.iter().for_each(|record| self.partitions.publish(record));
        Ok((identity, writer))
    }
}

fn make_folders(disk: &dyn Disk, folder: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::io(folder, error);
    disk.create_dir(&folder.join("journal")).map_err(failed)?;
    disk.sync_dir(folder).map_err(failed)
}

fn new_identity() -> Identity {
    Identity { cluster_id: *uuid::Uuid::new_v4().as_bytes(), salt: *uuid::Uuid::new_v4().as_bytes() }
}

fn open_error(journal: &Path, error: ReplayError<RecordError>) -> OpenError {
    match error {
        ReplayError::Io(path, error) => OpenError::io(path, error),
        ReplayError::Version(path, found) => OpenError::WrongVersion { path, found, known: FORMAT_VERSION },
        ReplayError::Corrupt { path, position, lsn, why } => {
            OpenError::Corrupt { path, position, why: format!("record {lsn}: {why}") }
        }
        ReplayError::Receiver(error) => {
            OpenError::Corrupt { path: journal.to_owned(), position: 0, why: error.to_string() }
        }
    }
}
