//! What an earlier owner finished above the commit, until the records come by again.

use std::collections::VecDeque;
use std::ops::Range;

use super::saved::Saved;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Restored {
    /// In order, apart from each other; those that the deliveries have passed are gone.
    runs: VecDeque<(i64, i64)>,
    /// The leader epoch of the last record that was done when this was saved.
    epoch: Option<i32>,
}

impl Restored {
    pub(super) fn new(saved: Saved) -> Restored {
        let epoch = saved.leader_epoch;
        Restored { runs: saved.runs.into_iter().map(|run| (run.start, run.end)).collect(), epoch }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.runs.len()
    }

    pub(super) fn epoch(&self) -> Option<i32> {
        self.epoch
    }

    /// Whether the record at `offset`, written in `epoch`, was finished before. Offsets are asked for in order.
    ///
    /// Epochs rise along the log. A record of a higher epoch than the last done one was written after the state was
    /// saved, in place of one that a leader change cut off: it and all that follow are other records.
    pub(super) fn covers(&mut self, offset: i64, epoch: Option<i32>) -> bool {
        if self.is_cut_off(epoch) {
            self.runs.clear();
        }
        self.pass(offset);
        self.runs.front().is_some_and(|(from, _)| *from <= offset)
    }

    /// What [`Restored::covers`] will say of the next record that is delivered.
    pub(super) fn will_cover(&self, offset: i64, epoch: Option<i32>) -> bool {
        let run = self.runs.iter().find(|(_, to)| *to > offset);
        !self.is_cut_off(epoch) && run.is_some_and(|(from, _)| *from <= offset)
    }

    fn is_cut_off(&self, epoch: Option<i32>) -> bool {
        matches!((self.epoch, epoch), (Some(saved), Some(now)) if now > saved)
    }

    /// Nothing below `offset` will be asked about again.
    pub(super) fn pass(&mut self, offset: i64) {
        while self.runs.front().is_some_and(|(_, to)| *to <= offset) {
            self.runs.pop_front();
        }
    }

    /// What is left of the runs at or above `offset`.
    pub(super) fn from(&self, offset: i64) -> impl Iterator<Item = Range<i64>> {
        self.runs.iter().filter(move |(_, to)| *to > offset).map(move |(from, to)| (*from).max(offset)..*to)
    }

    pub(super) fn end(&self) -> Option<i64> {
        self.runs.back().map(|(_, to)| *to)
    }
}
