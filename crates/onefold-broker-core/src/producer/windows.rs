//! All producers' windows of one partition.

use std::collections::{BTreeMap, BTreeSet};

use super::Window;
use crate::batch::Header;
use crate::codec::{Coded, Reader};
use crate::record::{RecordError, Stamp};

/// By producer id. A tree, since producer ids are the clients' to choose and must not be able to flood a hash map.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProducerWindows {
    by_id: BTreeMap<i64, Window>,
    /// First offsets of the open transactions: follows from `by_id`, and every read_committed fetch asks for the least.
    open: BTreeSet<i64>,
    /// Above every id that was forgotten here. Ids go out in ascending order, so one number tells those whose window may
    /// have expired from those that were never known.
    forgotten_below: i64,
}

impl ProducerWindows {
    pub fn get(&self, producer_id: i64) -> Option<&Window> {
        self.by_id.get(&producer_id)
    }

    /// By producer id, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Window)> {
        self.by_id.iter().map(|(id, window)| (*id, window))
    }

    /// By producer id, ascending, from this one on.
    pub fn iter_from(&self, producer_id: i64) -> impl Iterator<Item = (i64, &Window)> {
        self.by_id.range(producer_id..).map(|(id, window)| (*id, window))
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Whether a producer that is not known may be one whose window expired here.
    pub fn may_have_forgotten(&self, producer_id: i64) -> bool {
        producer_id < self.forgotten_below
    }

    /// The first offset of the oldest open transaction.
    pub fn first_open_transaction(&self) -> Option<i64> {
        self.open.first().copied()
    }

    pub(crate) fn remember(&mut self, stamp: &Stamp, header: &Header) {
        let window = self.by_id.entry(header.producer_id).or_insert_with(|| Window::new(header.producer_epoch));
        window.remember(stamp, header);
        if header.is_transactional() {
            self.open.extend(window.open_transaction());
        }
    }

    /// Where the transaction began that the marker ends; none where it wrote nothing here.
    pub(crate) fn end_transaction(
        &mut self,
        stamp: &Stamp,
        producer_id: i64,
        epoch: i16,
        coordinator_epoch: i32,
    ) -> Option<i64> {
        let window = self.by_id.entry(producer_id).or_insert_with(|| Window::new(epoch));
        let first = window.end_transaction(stamp, epoch, coordinator_epoch)?;
        self.open.remove(&first);
        Some(first)
    }

    /// A live window shrinks to its place in the sequence, a shrunk one goes. `handed_out` is above every id that this
    /// broker has given: one that a client made up is not remembered as forgotten, or the largest number would do away
    /// with the rule for all.
    pub(crate) fn expire(&mut self, producer_id: i64, handed_out: i64) {
        match self.by_id.get_mut(&producer_id) {
            Some(window) if !window.is_expired() => window.shrink(),
            Some(_) => {
                self.by_id.remove(&producer_id);
                if producer_id < handed_out {
                    self.forgotten_below = self.forgotten_below.max(producer_id + 1);
                }
            }
            None => {}
        }
    }
}

impl Coded for ProducerWindows {
    const MIN_BYTES: usize = 8 + 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.forgotten_below.put(out);
        crate::codec::put_len(out, self.by_id.len());
        for (id, window) in &self.by_id {
            id.put(out);
            window.put(out);
        }
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let forgotten_below = from.take()?;
        let count = from.count(8 + Window::MIN_BYTES)?;
        let mut by_id = BTreeMap::<i64, Window>::new();
        for _ in 0..count {
            by_id.insert(from.take()?, from.take()?);
        }
        let open = by_id.values().filter_map(Window::open_transaction).collect();
        Ok(ProducerWindows { by_id, open, forgotten_below })
    }
}
