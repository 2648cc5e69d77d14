//! Which leader epoch wrote which offsets (KIP-101, KIP-320).
//!
//! Every start of the broker is an epoch. A client that read records which a crash then took back asks for the end of the
//! epoch it read in, and learns where the logs part.

use crate::codec::{Coded, Reader};
use crate::record::RecordError;

/// An epoch and the first offset written in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochStart {
    pub epoch: i32,
    pub start_offset: i64,
}

/// The answer to OffsetForLeaderEpoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEnd {
    pub epoch: i32,
    /// The first offset after that epoch.
    pub end_offset: i64,
}

/// Epochs with their starts, both ascending.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EpochTable {
    starts: Vec<EpochStart>,
}

impl EpochTable {
    pub fn starts(&self) -> &[EpochStart] {
        &self.starts
    }

    /// The epoch that wrote, or will write, at the log's end.
    pub fn latest(&self) -> Option<i32> {
        self.starts.last().map(|start| start.epoch)
    }

    /// The epoch that wrote the record at `offset`.
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        let after = self.starts.partition_point(|start| start.start_offset <= offset);
        self.starts[..after].last().map(|start| start.epoch)
    }

    /// Where `epoch` ended: the end of the newest epoch not above it. One older than the table ended where the table
    /// begins (its records are deleted, the place is still known); one newer than the table has no answer.
    pub fn end_of(&self, epoch: i32, log_end: i64) -> Option<EpochEnd> {
        if epoch < 0 {
            return None;
        }
        let above = self.starts.partition_point(|start| start.epoch <= epoch);
        match (self.starts[..above].last(), self.starts.get(above)) {
            (Some(own), Some(next)) => Some(EpochEnd { epoch: own.epoch, end_offset: next.start_offset }),
            (Some(own), None) if own.epoch == epoch => Some(EpochEnd { epoch, end_offset: log_end }),
            (None, Some(first)) => Some(EpochEnd { epoch, end_offset: first.start_offset }),
            _ => None,
        }
    }

    /// From `offset` on, records are of `epoch`. Epochs that wrote nothing before it leave the table, so that a thousand
    /// idle starts take one entry.
    pub(super) fn begin(&mut self, epoch: i32, offset: i64) {
        if self.latest() == Some(epoch) {
            return;
        }
        while self.starts.last().is_some_and(|last| last.epoch >= epoch || last.start_offset >= offset) {
            self.starts.pop();
        }
        self.starts.push(EpochStart { epoch, start_offset: offset });
    }

    /// Records below `log_start` are gone: the epoch that holds it begins there, those before it leave.
    pub(super) fn cut_below(&mut self, log_start: i64) {
        let after = self.starts.partition_point(|start| start.start_offset <= log_start);
        let gone = after.saturating_sub(1);
        self.starts.drain(..gone);
        if let Some(first) = self.starts.first_mut() {
            first.start_offset = first.start_offset.max(log_start);
        }
    }
}

impl Coded for EpochStart {
    const MIN_BYTES: usize = 12;

    fn put(&self, out: &mut Vec<u8>) {
        self.epoch.put(out);
        self.start_offset.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(EpochStart { epoch: from.take()?, start_offset: from.take()? })
    }
}

impl Coded for EpochTable {
    const MIN_BYTES: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        self.starts.put(out);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(EpochTable { starts: from.take()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{EpochEnd, EpochTable};

    fn table(starts: &[(i32, i64)]) -> EpochTable {
        let mut table = EpochTable::default();
        starts.iter().for_each(|(epoch, offset)| table.begin(*epoch, *offset));
        table
    }

    fn end(epoch: i32, end_offset: i64) -> Option<EpochEnd> {
        Some(EpochEnd { epoch, end_offset })
    }

    #[test]
    fn each_epoch_ends_where_the_next_begins() {
        let table = table(&[(1, 0), (3, 10), (5, 25)]);
        assert_eq!(table.end_of(1, 40), end(1, 10));
        assert_eq!(table.end_of(2, 40), end(1, 10));
        assert_eq!(table.end_of(3, 40), end(3, 25));
        assert_eq!(table.end_of(5, 40), end(5, 40));
        assert_eq!(table.end_of(6, 40), None);
        assert_eq!(table.epoch_at(24), Some(3));
    }

    #[test]
    fn idle_starts_leave_one_entry() {
        let table = table(&[(1, 0), (2, 7), (3, 7), (4, 7)]);
        assert_eq!(table.starts().len(), 2);
        assert_eq!(table.end_of(1, 9), end(1, 7));
        assert_eq!(table.end_of(3, 9), end(1, 7));
        assert_eq!(table.end_of(4, 9), end(4, 9));
    }

    #[test]
    fn an_epoch_older_than_the_table_ends_where_the_table_begins() {
        let mut table = table(&[(1, 0), (3, 10), (5, 25)]);
        table.cut_below(12);
        assert_eq!(table.end_of(1, 40), end(1, 12));
        assert_eq!(table.end_of(3, 40), end(3, 25));
        table.cut_below(40);
        assert_eq!(table.end_of(0, 40), end(0, 40));
        assert_eq!(table.latest(), Some(5));
    }
}
