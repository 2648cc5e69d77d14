//! Where each partition is read on: counted here, since librdkafka's own count cannot be relied on.
//!
//! librdkafka reads on from what it believes was consumed whenever it has paused a partition, as it does for every
//! rebalance. The call that takes many messages at once (in 2.12) counts the end of a partition, and every error, as a
//! message, and never counts back; a record would be skipped. So it is told, before anything that lets it go on.

use std::collections::BTreeMap;

use crate::record::Record;

/// The partitions that librdkafka was given to read: of each the offset after the last record that came, or where it
/// was started.
#[derive(Default)]
pub(super) struct Positions(BTreeMap<i32, i64>);

impl Positions {
    pub(super) fn start(&mut self, partition: i32, offset: i64) {
        self.0.insert(partition, offset);
    }

    /// Given up; whether it was read.
    pub(super) fn forget(&mut self, partition: i32) -> bool {
        self.0.remove(&partition).is_some()
    }

    pub(super) fn contains(&self, partition: i32) -> bool {
        self.0.contains_key(&partition)
    }

    pub(super) fn of(&self, partition: i32) -> Option<i64> {
        self.0.get(&partition).copied()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        self.0.iter().map(|(partition, offset)| (*partition, *offset))
    }

    /// Counts the records that came, from this place on. Those that came before go out: where a pause meets a reading
    /// that is under way, librdkafka delivers again what was taken meanwhile.
    pub(super) fn count(&mut self, records: &mut Vec<Record>, from: usize) {
        let (mut at, mut again) = (from, Vec::new());
        for run in records[from..].chunk_by(|one, next| one.partition == next.partition) {
            if let (Some(next), Some(last)) = (self.0.get_mut(&run[0].partition), run.last()) {
                let repeated = run.partition_point(|record| record.offset < *next);
                if repeated > 0 {
                    again.push(at..at + repeated);
                }
                *next = (*next).max(last.offset + 1);
            }
            at += run.len();
        }
        for repeated in again.into_iter().rev() {
            records.drain(repeated);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(places: &[(i32, i64)]) -> Vec<Record> {
        let record = |(partition, offset): &(i32, i64)| {
            let mut record = Record::new("t", None, None);
            (record.partition, record.offset) = (*partition, *offset);
            record
        };
        places.iter().map(record).collect()
    }

    fn places(records: &[Record]) -> Vec<(i32, i64)> {
        records.iter().map(|record| (record.partition, record.offset)).collect()
    }

    #[test]
    fn reading_goes_on_after_the_last_record_of_each_partition() {
        let mut positions = Positions::default();
        positions.start(0, 5);
        positions.start(1, 0);
        // Gaps are no records that are missing: offsets are left out by transactions and by compaction.
        let mut came = records(&[(0, 5), (0, 9), (1, 0), (0, 10), (2, 77)]);
        positions.count(&mut came, 0);
        assert_eq!(positions.all().collect::<Vec<_>>(), [(0, 11), (1, 1)], "the third is not read here");
        assert_eq!(came.len(), 5);
        assert!(positions.forget(0) && !positions.forget(0));
        assert_eq!((positions.of(0), positions.of(1)), (None, Some(1)));
    }

    #[test]
    fn what_comes_again_goes_out_and_counts_nothing() {
        let mut positions = Positions::default();
        positions.start(0, 0);
        positions.start(1, 3);
        let mut came = records(&[(0, 0), (0, 1), (0, 2)]);
        positions.count(&mut came, 0);
        let before = came.len();
        came.extend(records(&[(0, 1), (0, 2), (0, 3), (1, 3), (0, 0), (1, 3), (1, 4)]));
        positions.count(&mut came, before);
        assert_eq!(places(&came[before..]), [(0, 3), (1, 3), (1, 4)]);
        assert_eq!(positions.all().collect::<Vec<_>>(), [(0, 4), (1, 5)]);
        // Started again below: what came before comes again by request.
        positions.start(0, 1);
        let mut came = records(&[(0, 1)]);
        positions.count(&mut came, 0);
        assert_eq!(came.len(), 1);
    }
}
