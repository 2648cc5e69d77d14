//! The set of unfinished places: a sorted queue of 64-bit windows.
//!
//! Inserting goes to the back and removing is a bit operation in a window that is found by its distance from the
//! front, so both cost a few nanoseconds; memory follows the unfinished records, not the span they lie in.

use std::collections::VecDeque;

/// The 64 places from `64 * number`; a set bit is an unfinished record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Window {
    number: i64,
    bits: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pending {
    windows: VecDeque<Window>,
    /// Windows without a set bit that still stand between others.
    empty: usize,
    count: usize,
    intervals: usize,
}

const fn window_of(place: i64) -> (i64, u32) {
    (place >> 6, (place & 63) as u32)
}

impl Pending {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many stretches of neighbouring places the set consists of.
    pub(super) fn intervals(&self) -> usize {
        self.intervals
    }

    /// The first window always has a set bit.
    pub(super) fn lowest(&self) -> Option<i64> {
        self.windows.front().map(|window| window.number * 64 + i64::from(window.bits.trailing_zeros()))
    }

    pub(super) fn contains(&self, place: i64) -> bool {
        let (number, bit) = window_of(place);
        self.index_of(number).is_some_and(|at| self.windows[at].bits >> bit & 1 == 1)
    }

    /// `place` must be above every place inserted before.
    pub(super) fn insert(&mut self, place: i64) {
        let (number, bit) = window_of(place);
        let joined = self.joins_back(number, bit);
        match self.windows.back_mut() {
            Some(window) if window.number == number => {
                self.empty -= usize::from(window.bits == 0);
                window.bits |= 1 << bit;
            }
            _ => self.windows.push_back(Window { number, bits: 1 << bit }),
        }
        self.count += 1;
        self.intervals += usize::from(!joined);
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, place: i64) -> bool {
        let (number, bit) = window_of(place);
        let Some(at) = self.index_of(number) else { return false };
        let bits = self.windows[at].bits;
        if bits >> bit & 1 == 0 {
            return false;
        }
        let below = if bit > 0 { bits >> (bit - 1) & 1 == 1 } else { at > 0 && self.has(at - 1, number - 1, 63) };
        let above = if bit < 63 { bits >> (bit + 1) & 1 == 1 } else { self.has(at + 1, number + 1, 0) };
        self.windows[at].bits = bits & !(1 << bit);
        self.count -= 1;
        // Between two neighbours it splits a stretch, alone it was one itself, at an edge it only shortens one.
        self.intervals = self.intervals + usize::from(below && above) - usize::from(!below && !above);
        if bits == 1 << bit {
            self.window_emptied();
        }
        true
    }

    /// The stretches `[from, to)` in order.
    pub(super) fn stretches(&self) -> Stretches<'_> {
        Stretches { pending: self, at: 0, bits: self.windows.front().map_or(0, |window| window.bits) }
    }

    fn has(&self, at: usize, number: i64, bit: u32) -> bool {
        self.windows.get(at).is_some_and(|window| window.number == number && window.bits >> bit & 1 == 1)
    }

    fn joins_back(&self, number: i64, bit: u32) -> bool {
        let Some(back) = self.windows.back() else { return false };
        let (before, before_bit) = if bit > 0 { (number, bit - 1) } else { (number - 1, 63) };
        back.number == before && back.bits >> before_bit & 1 == 1
    }

    fn index_of(&self, number: i64) -> Option<usize> {
        let front = self.windows.front()?.number;
        let guess = usize::try_from(number.checked_sub(front)?).ok()?;
        if self.windows.get(guess).is_some_and(|window| window.number == number) {
            return Some(guess);
        }
        // Windows without an unfinished record may be missing, so the place is at most the guess.
        self.windows.binary_search_by_key(&number, |window| window.number).ok()
    }

    fn window_emptied(&mut self) {
        self.empty += 1;
        while self.windows.front().is_some_and(|window| window.bits == 0) {
            self.windows.pop_front();
            self.empty -= 1;
        }
        // Half of them empty: dropping them all costs what emptying them cost.
        if self.empty > 64 && self.empty * 2 > self.windows.len() {
            self.windows.retain(|window| window.bits != 0);
            self.empty = 0;
        }
    }
}

/// See [`Pending::stretches`].
pub(super) struct Stretches<'a> {
    pending: &'a Pending,
    at: usize,
    /// What is left of the window at `at`.
    bits: u64,
}

impl Stretches<'_> {
    fn next_window(&mut self) {
        self.at += 1;
        self.bits = self.pending.windows.get(self.at).map_or(0, |window| window.bits);
    }
}

impl Iterator for Stretches<'_> {
    type Item = (i64, i64);

    fn next(&mut self) -> Option<(i64, i64)> {
        while self.bits == 0 {
            if self.at >= self.pending.windows.len() {
                return None;
            }
            self.next_window();
        }
        let base = self.pending.windows[self.at].number * 64;
        let first = self.bits.trailing_zeros();
        let from = base + i64::from(first);
        let mut to = base + i64::from(first + (self.bits >> first).trailing_ones());
        // Clear the taken bits; when they reach the window's end the stretch may go on in the next one.
        while to == self.pending.windows[self.at].number * 64 + 64 {
            self.next_window();
            match self.pending.windows.get(self.at) {
                Some(window) if window.number * 64 == to && window.bits & 1 == 1 => {
                    to += i64::from(window.bits.trailing_ones());
                }
                _ => return Some((from, to)),
            }
        }
        let taken = (to - self.pending.windows[self.at].number * 64) as u32;
        self.bits &= u64::MAX << taken;
        Some((from, to))
    }
}
