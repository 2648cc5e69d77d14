//! Runs of finished offsets as ASCII: distances and lengths in turn, five bits a character.
//!
//! A character's sixth bit says that more of its number follows (the VLQ of source maps, without a sign): a distance
//! below 32 takes one character, one below 1024 two.

use std::ops::Range;

use crate::identity::{URL_SAFE, digit_value};

/// The longest spelling of one number.
pub(super) const LONGEST_NUMBER: usize = 13;

pub(super) fn push_number(out: &mut String, mut number: u64) {
    while number >= 32 {
        out.push(URL_SAFE[(number as usize & 31) | 32] as char);
        number >>= 5;
    }
    out.push(URL_SAFE[number as usize] as char);
}

/// `base`-relative distance to each run and its length. Runs must be in order, apart from each other and not empty.
pub(super) fn push_runs(out: &mut String, base: i64, runs: impl Iterator<Item = Range<i64>>) {
    let mut at = base;
    for run in runs {
        push_number(out, (run.start - at) as u64);
        push_number(out, (run.end - run.start) as u64);
        at = run.end;
    }
}

/// Reads what [`push_runs`] writes; `None` for anything else.
pub(super) fn read_runs(text: &str, base: i64) -> Option<Vec<Range<i64>>> {
    let mut numbers = Numbers { digits: text.as_bytes() };
    let mut runs = Vec::with_capacity(text.len() / 2);
    let mut at = base;
    while !numbers.digits.is_empty() {
        let distance = numbers.read()?;
        let length = numbers.read()?;
        if length == 0 || (distance == 0 && !runs.is_empty()) {
            return None;
        }
        let start = at.checked_add(distance)?;
        at = start.checked_add(length)?;
        runs.push(start..at);
    }
    Some(runs)
}

struct Numbers<'a> {
    digits: &'a [u8],
}

impl Numbers<'_> {
    fn read(&mut self) -> Option<i64> {
        let mut number: u64 = 0;
        for place in 0..LONGEST_NUMBER {
            let (digit, rest) = self.digits.split_first()?;
            self.digits = rest;
            let value = u64::from(digit_value(*digit)?);
            let bits = value & 31;
            // The thirteenth digit has room for four bits only, and one for the sign is not used.
            if place == LONGEST_NUMBER - 1 && bits > 7 {
                return None;
            }
            number |= bits << (5 * place);
            if value & 32 == 0 {
                // One spelling a number: no zeros at the end.
                return if bits == 0 && place > 0 { None } else { i64::try_from(number).ok() };
            }
        }
        None
    }
}
