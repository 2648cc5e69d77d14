//! The aborted transactions of a partition, for read_committed readers.
//!
//! Keyed by producer *and* range: the abort of a producer's first transaction must not hide its second (L4).

use crate::codec::{Coded, Reader};
use crate::record::RecordError;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
    /// Of the abort marker.
    pub last_offset: i64,
    /// The last stable offset of the log right after the abort.
    pub stable_end: i64,
}

/// By `last_offset`, ascending, as they end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct AbortedTransactions {
    ended: Vec<AbortedTransaction>,
}

impl AbortedTransactions {
    pub(super) fn add(&mut self, aborted: AbortedTransaction) {
        self.ended.push(aborted);
    }

    /// All that overlap `from..to`, by first offset (a list in another order has made clients show aborted records).
    pub(super) fn within(&self, from: i64, to: i64) -> Vec<AbortedTransaction> {
        let begin = self.ended.partition_point(|aborted| aborted.last_offset < from);
        let mut found = Vec::new();
        for aborted in &self.ended[begin..] {
            if aborted.first_offset < to {
                found.push(*aborted);
            }
            // Whatever ends later began at or above what was stable then.
            if aborted.stable_end >= to {
                break;
            }
        }
        found.sort_unstable_by_key(|aborted| aborted.first_offset);
        found
    }

    /// Forgets what ended before the log begins.
    pub(super) fn cut_below(&mut self, log_start: i64) {
        self.ended.retain(|aborted| aborted.last_offset >= log_start);
    }
}

impl Coded for AbortedTransaction {
    const MIN_BYTES: usize = 32;

    fn put(&self, out: &mut Vec<u8>) {
        self.producer_id.put(out);
        self.first_offset.put(out);
        self.last_offset.put(out);
        self.stable_end.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(AbortedTransaction {
            producer_id: from.take()?,
            first_offset: from.take()?,
            last_offset: from.take()?,
            stable_end: from.take()?,
        })
    }
}

impl Coded for AbortedTransactions {
    const MIN_BYTES: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.ended.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(AbortedTransactions { ended: from.take()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{AbortedTransaction, AbortedTransactions};

    fn aborted(first_offset: i64, last_offset: i64, stable_end: i64) -> AbortedTransaction {
        AbortedTransaction { producer_id: 7, first_offset, last_offset, stable_end }
    }

    #[test]
    fn the_list_is_sorted_by_first_offset_and_overlaps_the_range() {
        let mut index = AbortedTransactions::default();
        // 5..20 ends while 0..30 is open; 31..40 comes after both.
        index.add(aborted(5, 20, 0));
        index.add(aborted(0, 30, 31));
        index.add(aborted(31, 40, 41));
        let firsts = |from, to| index.within(from, to).iter().map(|a| a.first_offset).collect::<Vec<_>>();
        assert_eq!(firsts(0, 50), [0, 5, 31]);
        assert_eq!(firsts(21, 31), [0]);
        assert_eq!(firsts(31, 32), [31]);
        assert_eq!(firsts(41, 50), Vec::<i64>::new());
    }
}
