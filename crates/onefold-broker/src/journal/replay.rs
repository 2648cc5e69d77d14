//! Reading all files back in order: what counts, where it ends, and whether the end is a torn tail or damage.
//!
//! A started file holds the records from its header's first LSN up to the next started file's. Everything below a started
//! file's first LSN is durable, so a frame missing there is damage. In the last file the records end where no frame
//! follows; that is the torn tail of an unanswered write unless a frame behind it says that the missing one was durable.

use super::header::{Header, HeaderError};
use super::{BLOCK, Frame, Identity, OldFile, Reader, Seal, file_name, parse_name};
use crate::disk::{Disk, DiskFile};
use crate::log::{Defect, Planted};
use onefold_broker_core::id::Lsn;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a checkpoint lets the replay begin.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplayStart {
    /// From the checkpoint; none without one.
    pub identity: Option<Identity>,
    /// Records up to here are in the checkpoint.
    pub covered: Lsn,
    /// Files below this sequence are not needed.
    pub first_file: u64,
    /// Whether the first file has begun: it has, unless the log was shut down in order.
    pub must_exist: bool,
    /// See [`Defect`].
    pub defect: Defect,
}

/// A record that counts.
#[derive(Debug)]
pub struct Replayed {
    /// Stamp and content.
    pub frame: Frame,
    /// The highest LSN known durable by all that was read so far.
    pub durable: Lsn,
}

/// What was found.
#[derive(Debug)]
pub struct ReplayEnd {
    /// None in a folder without any record.
    pub identity: Option<Identity>,
    /// The last record that counts.
    pub last: Lsn,
    /// The highest LSN known durable.
    pub durable: Lsn,
    /// The files that hold records above the checkpoint.
    pub old: Vec<OldFile>,
    /// Files that hold none.
    pub leftovers: Vec<u64>,
    /// No file has a higher sequence.
    pub highest: u64,
}

/// Why the journal cannot be read.
#[derive(Debug)]
pub enum ReplayError<E> {
    /// The disk failed to read.
    Io(PathBuf, io::Error),
    /// Another format version wrote the file.
    Version(PathBuf, u32),
    /// What was durable is not there, or is not what was written.
    Corrupt { path: PathBuf, position: u64, lsn: Lsn, why: &'static str },
    /// The receiver of the records failed.
    Receiver(E),
}

/// Gives every record above the checkpoint to `each`, in order.
pub fn replay<E>(
    disk: &dyn Disk,
    folder: &Path,
    start: ReplayStart,
    mut each: impl FnMut(Replayed) -> Result<(), E>,
) -> Result<ReplayEnd, ReplayError<E>> {
    let survey = Survey::of(disk, folder, start)?;
    survey.check_begin(disk, folder, start)?;
    let mut walk = Walk { disk, folder, start, survey: &survey, next: start.covered.next(), durable: start.covered };
    walk.durable = survey.started.iter().map(|header| header.durable).fold(walk.durable, Lsn::max);
    let mut old = Vec::new();
    for index in 0..survey.started.len() {
        let (last, bytes) = walk.file(index, &mut each)?;
        old.push(OldFile { sequence: survey.started[index].sequence, last, bytes });
    }
    if survey.started.is_empty() {
        walk.check_unstarted(0)?;
    }
    walk.check_end()?;
    let last = Lsn(walk.next.0 - 1);
    Ok(ReplayEnd {
        identity: survey.identity,
        last,
        durable: walk.durable.min(last),
        old,
        leftovers: survey.leftovers.clone(),
        highest: survey.highest,
    })
}

/// The files by what their headers say.
struct Survey {
    identity: Option<Identity>,
    /// By sequence; only those that may hold records above the checkpoint.
    started: Vec<Header>,
    /// Prepared but not begun, or begun by a write that never finished.
    unstarted: Vec<u64>,
    /// Not needed.
    leftovers: Vec<u64>,
    highest: u64,
}

impl Survey {
    fn of<E>(disk: &dyn Disk, folder: &Path, start: ReplayStart) -> Result<Survey, ReplayError<E>> {
        let names = disk.list(folder).map_err(|error| ReplayError::Io(folder.to_owned(), error))?;
        let mut sequences: Vec<u64> = names.iter().filter_map(|name| parse_name(name)).collect();
        sequences.sort_unstable();
        let highest = sequences.last().copied().unwrap_or(0).max(start.first_file.saturating_sub(1));
        let mut survey =
            Survey { identity: start.identity, started: vec![], unstarted: vec![], leftovers: vec![], highest };
        for sequence in sequences {
            if sequence < start.first_file {
                survey.leftovers.push(sequence);
                continue;
            }
            let path = folder.join(file_name(sequence));
            let block = disk.open(&path).and_then(|file| file.read_at(0, BLOCK as usize));
            let block = block.map_err(|error| ReplayError::Io(path.clone(), error))?;
            match Header::decode(&block, sequence) {
                Ok(header) => survey.admit(header, path)?,
                Err(HeaderError::NotStarted) => survey.unstarted.push(sequence),
                Err(HeaderError::Version(version)) => return Err(ReplayError::Version(path, version)),
            }
        }
        survey.leftovers.extend(&survey.unstarted);
        Ok(survey)
    }

    fn admit<E>(&mut self, header: Header, path: PathBuf) -> Result<(), ReplayError<E>> {
        if *self.identity.get_or_insert(header.identity) != header.identity {
            let why = "it belongs to another broker's journal";
            return Err(ReplayError::Corrupt { path, position: 0, lsn: header.first, why });
        }
        self.started.push(header);
        Ok(())
    }

    /// The first file that may be needed is there, and reaches down to the checkpoint.
    fn check_begin<E>(&self, disk: &dyn Disk, folder: &Path, start: ReplayStart) -> Result<(), ReplayError<E>> {
        let corrupt = |sequence, why| {
            let path = folder.join(file_name(sequence));
            Err(ReplayError::Corrupt { path, position: 0, lsn: start.covered.next(), why })
        };
        if let Some(first) = self.started.first() {
            let gap = first.first > start.covered.next();
            return if gap { corrupt(first.sequence, "the journal before it is missing") } else { Ok(()) };
        }
        if start.must_exist {
            return corrupt(start.first_file, "the journal's first file is missing or has lost its header");
        }
        if start.identity.is_some() {
            return Ok(());
        }
        // A folder without checkpoint and header is new, or its first start never served, unless a frame says that
        // something was durable. Its checksum cannot be checked, since the salt is in the header.
        for &sequence in &self.unstarted {
            let path = folder.join(file_name(sequence));
            let file = disk.open(&path).map_err(|error| ReplayError::Io(path.clone(), error))?;
            let promised = promises(file).map_err(|error| ReplayError::Io(path, error))?;
            if promised {
                return corrupt(sequence, "it has lost its header");
            }
        }
        Ok(())
    }
}

struct Walk<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    start: ReplayStart,
    survey: &'a Survey,
    /// The LSN that comes next.
    next: Lsn,
    durable: Lsn,
}

impl Walk<'_> {
    /// Reads the started file at `index`; returns its last LSN that counts and its length.
    fn file<E>(
        &mut self,
        index: usize,
        each: &mut impl FnMut(Replayed) -> Result<(), E>,
    ) -> Result<(Lsn, u64), ReplayError<E>> {
        let header = self.survey.started[index];
        let end = self.survey.started.get(index + 1).map(|next| next.first);
        let path = self.folder.join(file_name(header.sequence));
        let io = |error| ReplayError::Io(path.clone(), error);
        let mut reader = self.reader(header.sequence).map_err(io)?;
        let bytes = reader.length();
        if let Some(end) = end.filter(|end| *end <= self.start.covered.next()) {
            return Ok((Lsn(end.0.saturating_sub(1)), bytes));
        }
        let (mut expected, mut position) = (header.first, BLOCK);
        while Some(expected) != end {
            let found = reader.frame_after(position).map_err(io)?;
            match found.filter(|(frame, _)| self.fits(frame, expected)) {
                Some((frame, after)) => {
                    position = after;
                    self.take(frame, each)?;
                }
                // Below the checkpoint nothing is needed, so nothing is lost either.
                None if expected <= self.start.covered => {
                    match skip(&mut reader, position, self.start.covered.next()).map_err(io)? {
                        Some((frame, after)) => {
                            expected = frame.stamp.lsn;
                            position = after;
                            self.take(frame, each)?;
                        }
                        None => expected = self.start.covered,
                    }
                }
                None if end.is_some() => {
                    let why = "a record is missing or damaged though the next file says that it was durable";
                    return Err(ReplayError::Corrupt { path, position, lsn: expected, why });
                }
                None => break,
            }
            expected = expected.next();
        }
        if end.is_none() {
            self.check_tail(&mut reader, position, &path)?;
        }
        Ok((Lsn(self.next.0 - 1), bytes))
    }

    fn take<E>(
        &mut self,
        frame: Frame,
        each: &mut impl FnMut(Replayed) -> Result<(), E>,
    ) -> Result<(), ReplayError<E>> {
        self.durable = self.durable.max(frame.durable);
        if frame.stamp.lsn < self.next {
            return Ok(());
        }
        self.next = frame.stamp.lsn.next();
        each(Replayed { frame, durable: self.durable }).map_err(ReplayError::Receiver)
    }

    /// Behind the last record: no frame may say that the next one was durable.
    fn check_tail<E>(&self, last: &mut Reader, position: u64, path: &Path) -> Result<(), ReplayError<E>> {
        self.check_behind(last, position, path)?;
        self.check_unstarted(self.survey.started.last().map_or(0, |header| header.sequence))
    }

    /// No file above `after` that seems not to have begun may say that the next record was durable: it has lost its
    /// header then.
    fn check_unstarted<E>(&self, after: u64) -> Result<(), ReplayError<E>> {
        for &sequence in self.survey.unstarted.iter().filter(|sequence| **sequence > after) {
            let other = self.folder.join(file_name(sequence));
            let mut reader = self.reader(sequence).map_err(|error| ReplayError::Io(other.clone(), error))?;
            self.check_behind(&mut reader, BLOCK, &other)?;
        }
        Ok(())
    }

    fn check_behind<E>(&self, reader: &mut Reader, from: u64, path: &Path) -> Result<(), ReplayError<E>> {
        let mut at = from;
        while let Some((frame, after)) = reader.scan(at).map_err(|error| ReplayError::Io(path.to_owned(), error))? {
            if frame.durable >= self.next && !self.start.defect.is(Planted::DamageTakenForTornTail) {
                let why = "a record is damaged though a later one says that it was durable";
                return Err(ReplayError::Corrupt { path: path.to_owned(), position: from, lsn: self.next, why });
            }
            at = after;
        }
        Ok(())
    }

    fn check_end<E>(&self) -> Result<(), ReplayError<E>> {
        if self.durable < self.next {
            return Ok(());
        }
        let sequence = self.survey.started.last().map_or(self.survey.highest, |header| header.sequence);
        let path = self.folder.join(file_name(sequence));
        let why = "a record is missing though another one says that it was durable";
        Err(ReplayError::Corrupt { path, position: 0, lsn: self.next, why })
    }

    fn reader(&self, sequence: u64) -> io::Result<Reader> {
        let salt = self.survey.identity.map_or([0; 16], |identity| identity.salt);
        let seal = Seal::new(&salt, sequence, self.start.defect);
        Reader::new(self.disk.open(&self.folder.join(file_name(sequence)))?, seal)
    }

    /// Whether a whole frame is the one whose place this is.
    fn fits(&self, frame: &Frame, expected: Lsn) -> bool {
        frame.stamp.lsn == expected || self.start.defect.is(Planted::StaleFramesAccepted)
    }
}

/// Whether any frame of a file without a header names a durable record.
fn promises(file: Arc<dyn DiskFile>) -> io::Result<bool> {
    let mut reader = Reader::new(file, Seal::unchecked())?;
    let mut at = BLOCK;
    while let Some((frame, after)) = reader.scan(at)? {
        if frame.durable > Lsn::NONE {
            return Ok(true);
        }
        at = after;
    }
    Ok(false)
}

/// The next frame at or after `position` up to LSN `wanted`, over damage that a checkpoint has made harmless.
fn skip(reader: &mut Reader, position: u64, wanted: Lsn) -> io::Result<Option<(Frame, u64)>> {
    let mut at = position;
    while let Some((frame, after)) = reader.scan(at)? {
        if frame.stamp.lsn <= wanted {
            return Ok(Some((frame, after)));
        }
        at = after;
    }
    Ok(None)
}
