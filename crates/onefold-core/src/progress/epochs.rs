//! Which leader epoch wrote which delivered offset.

use std::collections::VecDeque;

/// Leader epochs by first offset. Epochs change rarely, so this holds one entry nearly always.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Epochs {
    starts: VecDeque<(i64, Option<i32>)>,
}

impl Epochs {
    /// Whether the last record was written in it.
    pub(super) fn last_is(&self, epoch: Option<i32>) -> bool {
        self.starts.back().is_some_and(|(_, last)| *last == epoch)
    }

    /// The record at `offset` was written in `epoch`; `position` is the lowest offset still asked about, plus one.
    pub(super) fn saw(&mut self, offset: i64, epoch: Option<i32>, position: i64) {
        if self.last_is(epoch) {
            return;
        }
        while self.starts.get(1).is_some_and(|(first, _)| *first < position) {
            self.starts.pop_front();
        }
        self.starts.push_back((offset, epoch));
    }

    /// The epoch of the last delivered record at or below `offset`.
    pub(super) fn at(&self, offset: i64) -> Option<i32> {
        self.starts.iter().rev().find(|(first, _)| *first <= offset).and_then(|(_, epoch)| *epoch)
    }
}
