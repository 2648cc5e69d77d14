//! One producer's window in one partition.

use crate::batch::Header;
use crate::codec::{Coded, Reader};
use crate::id::Lsn;
use crate::producer::sequence;
use crate::record::{RecordError, Stamp};

/// How many batches are remembered: a client has at most five in flight.
const REMEMBERED: usize = 5;

/// What is known of one producer in one partition.
///
/// An expired window keeps its epoch and last sequence and forgets its batches: its producer goes on where it stopped, and
/// only a retry older than a day is no longer recognised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    epoch: i16,
    /// The sequence the next batch of this epoch must have.
    next_sequence: i32,
    /// Broker time of the last batch or marker.
    last_used_ms: i64,
    /// First offset of the open transaction's records here.
    open_transaction: Option<i64>,
    /// Of the last marker's coordinator, -1 before one.
    coordinator_epoch: i32,
    expired: bool,
    /// Oldest first. On the heap, so that the very many producers that are idle or sent one batch cost little.
    sent: Vec<Sent>,
}

/// One remembered batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    pub first_sequence: i32,
    pub last_sequence: i32,
    pub base_offset: i64,
    /// The record that appended it: an answer about this batch waits until it is durable.
    pub lsn: Lsn,
    /// Broker time of the append.
    pub time_ms: i64,
}

impl Window {
    pub(super) fn new(epoch: i16) -> Self {
        Window {
            epoch,
            next_sequence: 0,
            last_used_ms: 0,
            open_transaction: None,
            coordinator_epoch: -1,
            expired: false,
            sent: Vec::new(),
        }
    }

    pub fn epoch(&self) -> i16 {
        self.epoch
    }

    pub fn next_sequence(&self) -> i32 {
        self.next_sequence
    }

    /// First offset of the open transaction's records here.
    pub fn open_transaction(&self) -> Option<i64> {
        self.open_transaction
    }

    pub fn coordinator_epoch(&self) -> i32 {
        self.coordinator_epoch
    }

    pub fn last_used_ms(&self) -> i64 {
        self.last_used_ms
    }

    pub fn is_expired(&self) -> bool {
        self.expired
    }

    /// The remembered batches, oldest first.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// The remembered batch with exactly these sequences, if it was sent under `epoch`.
    pub fn find(&self, epoch: i16, first_sequence: i32, last_sequence: i32) -> Option<&Sent> {
        if epoch != self.epoch {
            return None;
        }
        // Newest first: after a wrap of sequences an older one could look alike.
        self.sent.iter().rev().find(|s| s.first_sequence == first_sequence && s.last_sequence == last_sequence)
    }

    pub(super) fn remember(&mut self, stamp: &Stamp, header: &Header) {
        self.move_to_epoch(header.producer_epoch);
        let last_sequence = header.last_sequence();
        self.push(Sent {
            first_sequence: header.base_sequence,
            last_sequence,
            base_offset: header.base_offset,
            lsn: stamp.lsn,
            time_ms: stamp.time_ms,
        });
        self.next_sequence = sequence::next(last_sequence);
        self.last_used_ms = stamp.time_ms;
        self.expired = false;
        if header.is_transactional() && self.open_transaction.is_none() {
            self.open_transaction = Some(header.base_offset);
        }
    }

    /// The marker ends the open transaction and carries the epoch the producer goes on from; returns where it began.
    pub(super) fn end_transaction(&mut self, stamp: &Stamp, epoch: i16, coordinator_epoch: i32) -> Option<i64> {
        self.move_to_epoch(epoch);
        self.coordinator_epoch = coordinator_epoch;
        self.last_used_ms = stamp.time_ms;
        self.open_transaction.take()
    }

    /// Forgets the batches and keeps the place.
    pub(super) fn shrink(&mut self) {
        self.sent = Vec::new();
        self.expired = true;
    }

    fn move_to_epoch(&mut self, epoch: i16) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.next_sequence = 0;
            self.sent.clear();
        }
    }

    fn push(&mut self, sent: Sent) {
        match self.sent.len() {
            REMEMBERED => {
                self.sent.remove(0);
            }
            0 => self.sent.reserve_exact(1),
            1 => self.sent.reserve_exact(REMEMBERED - 1),
            _ => {}
        }
        self.sent.push(sent);
    }
}

impl Coded for Window {
    const MIN_BYTES: usize = 2 + 4 + 8 + 1 + 4 + 1 + 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.epoch.put(out);
        self.next_sequence.put(out);
        self.last_used_ms.put(out);
        self.open_transaction.put(out);
        self.coordinator_epoch.put(out);
        self.expired.put(out);
        self.sent.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let mut window = Window::new(from.take()?);
        window.next_sequence = from.take()?;
        window.last_used_ms = from.take()?;
        window.open_transaction = from.take()?;
        window.coordinator_epoch = from.take()?;
        window.expired = from.take()?;
        for sent in from.take::<Vec<Sent>>()? {
            window.push(sent);
        }
        Ok(window)
    }
}

impl Coded for Sent {
    const MIN_BYTES: usize = 4 + 4 + 8 + 8 + 8;

    fn put(&self, out: &mut Vec<u8>) {
        self.first_sequence.put(out);
        self.last_sequence.put(out);
        self.base_offset.put(out);
        self.lsn.put(out);
        self.time_ms.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(Sent {
            first_sequence: from.take()?,
            last_sequence: from.take()?,
            base_offset: from.take()?,
            lsn: from.take()?,
            time_ms: from.take()?,
        })
    }
}
