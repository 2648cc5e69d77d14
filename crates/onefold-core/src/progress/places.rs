//! Which place a record has among the delivered ones: offsets have gaps, places have none.
//!
//! Counting neighbours in places is what keeps a compacted topic, where every offset is followed by a gap, from
//! looking like one finished run a record.

use std::collections::VecDeque;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Places {
    /// (offset, place) after each gap, rising. Never empty; one entry where offsets have no gaps.
    starts: VecDeque<(i64, i64)>,
    next: i64,
    /// The offset that the next place has if no gap comes before it.
    expected: i64,
}

impl Places {
    pub(super) fn starting_at(offset: i64) -> Places {
        Places { starts: VecDeque::from([(offset, offset)]), next: offset, expected: offset }
    }

    /// The place of the next record, which has `offset`. `lowest` is the lowest place still asked about.
    pub(super) fn push(&mut self, offset: i64, lowest: i64) -> i64 {
        let place = self.next;
        if offset != self.expected {
            while self.starts.get(1).is_some_and(|(_, first)| *first <= lowest) {
                self.starts.pop_front();
            }
            self.starts.push_back((offset, place));
        }
        (self.next, self.expected) = (place + 1, offset + 1);
        place
    }

    /// The place that the next record will have.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// The offset at a place; beyond the last one, as if no gap followed.
    pub(super) fn offset_of(&self, place: i64) -> i64 {
        let after = self.after(|(_, first)| first <= place);
        let (offset, first) = self.starts[after.saturating_sub(1)];
        offset + (place - first)
    }

    /// The place of a delivered offset; `None` for one in a gap.
    pub(super) fn place_of(&self, offset: i64) -> Option<i64> {
        let after = self.after(|(first, _)| first <= offset);
        let (start, first) = *self.starts.get(after.checked_sub(1)?)?;
        let place = first + (offset - start);
        let limit = self.starts.get(after).map_or(self.next, |(_, first)| *first);
        (place < limit).then_some(place)
    }

    fn after(&self, holds: impl Fn((i64, i64)) -> bool) -> usize {
        // Nearly always there is one entry, or the newest is meant.
        match self.starts.back() {
            Some(last) if holds(*last) => self.starts.len(),
            _ => self.starts.partition_point(|start| holds(*start)),
        }
    }
}
