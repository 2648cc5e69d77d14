//! The file in use: groups of frames, each with a place of its own, written and synced in one step.

use super::frame::{HEAD, Seal};
use super::{BLOCK, Framed, Header, Identity, OldFile, ReadyFile};
use crate::disk::DiskFile;
use crate::log::{Defect, Planted};
use onefold_broker_core::id::Lsn;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// Gives groups their places in one file, and writes them. After an error it must not be used again, other than after one
/// that says the disk is full: that group can be begun once more.
pub struct Writer {
    identity: Identity,
    file: Arc<dyn DiskFile>,
    sequence: u64,
    seal: Seal,
    /// Where the next group goes; 0 while the header is still to be written.
    position: u64,
    filled: u64,
    last: Lsn,
    defect: Defect,
}

impl Writer {
    /// Begins a prepared file. Its header goes out with its first group, at no cost of its own; everything in earlier
    /// files is durable by then.
    pub fn begin(ready: ReadyFile, identity: Identity, last: Lsn, defect: Defect) -> Writer {
        let seal = Seal::new(&identity.salt, ready.sequence, defect);
        let ReadyFile { sequence, file, filled } = ready;
        Writer { identity, file, sequence, seal, position: 0, filled, last, defect }
    }

    /// Begins the first file of a new folder: the header is durable before the first record, so that records without one
    /// are damage and never a torn start.
    pub fn found(ready: ReadyFile, identity: Identity, group: &[Framed], defect: Defect) -> io::Result<Writer> {
        let mut writer = Writer::begin(ready, identity, Lsn::NONE, defect);
        let header = Header { identity, sequence: writer.sequence, first: Lsn::NONE.next(), durable: Lsn::NONE };
        writer.file.write_sync_at(&[IoSlice::new(&header.encode())], 0)?;
        writer.position = BLOCK;
        writer.write(group, Lsn::NONE)?;
        Ok(writer)
    }

    /// Begins the file of a later start: first the records that were not known to be durable, and only when they are, the
    /// header, which says that this file holds all of them. A crash in between leaves the old files to say what there is.
    pub fn take_over(
        ready: ReadyFile,
        identity: Identity,
        above: Lsn,
        group: &[Framed],
        defect: Defect,
    ) -> io::Result<Writer> {
        let mut writer = Writer::begin(ready, identity, above, defect);
        writer.position = BLOCK;
        writer.write(group, above)?;
        // Not yet `writer.last`: these records count only once the header does, and whoever reads this header may be
        // looking at memory that a power cut is about to take. The first frame after it says so.
        let header = Header { identity, sequence: writer.sequence, first: above.next(), durable: above };
        writer.file.write_sync_at(&[IoSlice::new(&header.encode())], 0)?;
        Ok(writer)
    }

    /// Writes the group and makes it durable, in one step.
    fn write(&mut self, group: &[Framed], durable: Lsn) -> io::Result<()> {
        self.begin_group(group, durable).run(group)
    }

    /// Gives the group its place. It may be written while others are, each into its own; where it goes is fixed by it, so
    /// nobody else may write there unless [`Writer::rewind`] has taken the place back.
    pub fn begin_group(&mut self, group: &[Framed], durable: Lsn) -> GroupWrite {
        let header = match self.position {
            0 => Header { identity: self.identity, sequence: self.sequence, first: self.last.next(), durable }.encode(),
            _ => Vec::new(),
        };
        let before = Mark { position: self.position, last: self.last };
        let bytes = header.len() + group.iter().map(Framed::length).sum::<usize>();
        // The rest of the last block stays as it is: durable bytes are never written over.
        self.position = (self.position + bytes as u64).next_multiple_of(BLOCK);
        self.last = group.last().map_or(self.last, |framed| framed.stamp.lsn);
        GroupWrite { file: self.file.clone(), seal: self.seal, header, durable, before, defect: self.defect }
    }

    /// Takes back the place of a group for which the disk had no space, and of all that were begun after it.
    pub fn rewind(&mut self, group: &GroupWrite) {
        (self.position, self.last) = (group.before.position, group.before.last);
    }

    /// How many bytes of frames still go in without the file growing.
    pub fn room(&self) -> u64 {
        self.filled.saturating_sub(self.position.max(BLOCK))
    }

    /// The file's sequence.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The bytes in use.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What remains when another file takes over.
    pub fn retire(&self) -> OldFile {
        OldFile { sequence: self.sequence, last: self.last, bytes: self.filled.max(self.position) }
    }
}

/// Fills up the last block.
const ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];

/// Where a writer stood.
#[derive(Debug, Clone, Copy)]
struct Mark {
    position: u64,
    last: Lsn,
}

/// A group that has its place and is not written yet.
pub struct GroupWrite {
    file: Arc<dyn DiskFile>,
    seal: Seal,
    /// The file's, before its first group.
    header: Vec<u8>,
    durable: Lsn,
    before: Mark,
    defect: Defect,
}

impl GroupWrite {
    /// Writes the group that it was begun with and makes it durable, in one step.
    ///
    /// # Errors
    /// The disk's. A full disk's can be tried again, in the same place; after any other the journal must not be used.
    pub fn run(&self, group: &[Framed]) -> io::Result<()> {
        let heads: Vec<[u8; HEAD]> = group.iter().map(|framed| framed.head(self.seal, self.durable)).collect();
        let mut slices = Vec::with_capacity(2 + group.iter().map(|framed| 1 + framed.parts.len()).sum::<usize>());
        if !self.header.is_empty() {
            slices.push(IoSlice::new(&self.header));
        }
        for (framed, head) in group.iter().zip(&heads) {
            slices.push(IoSlice::new(head));
            slices.extend(framed.parts.iter().map(|part| IoSlice::new(part)));
        }
        // Or frames of a group that gave up its place could stand right behind this one.
        let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
        slices.push(IoSlice::new(&ZEROS[..bytes.next_multiple_of(ZEROS.len()) - bytes]));
        match self.defect.is(Planted::NoSync) {
            true => self.file.write_at(&slices, self.before.position),
            false => self.file.write_sync_at(&slices, self.before.position),
        }
    }

    /// What must never be done after a failed sync; see [`Planted::FailedSyncRetried`].
    pub(crate) fn sync_again(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
