//! What is durable about the ends of a partition's owners: `oSTART[-ENDS-HORIZON[-OFFSET-DEATHS]]`, `c` when closed.

use std::fmt;

/// One partition's note. Where positions are Kafka commits it travels in their metadata, else it lies beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// Its owner has not closed it: it is at work, or ended without a word.
    pub is_open: bool,
    /// The position at which that owner began.
    pub start: i64,
    /// So many owners in a row ended without a word before it; 3 stands for more, too.
    pub ends: u32,
    /// With `ends`: no record at this offset or above it has run since the last of them. Where it is closed after two, the
    /// suspects are below.
    pub horizon: i64,
    /// The suspect whose turn it is, once it has begun to run alone.
    pub tried: Option<Tried>,
}

/// A record that ran alone and did not come back, or that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tried {
    pub offset: i64,
    /// How often it began to run alone and did not come back; the run that goes on counts.
    pub deaths: u32,
}

/// The longest spelling: one letter, five numbers, four dashes.
pub const LONGEST_NOTE: usize = 1 + 3 * 19 + 2 * 10 + 4;

impl Note {
    /// Open at `start`, with nothing known against anybody.
    pub(super) fn calm(start: i64) -> Note {
        Note { is_open: true, start, ends: 0, horizon: 0, tried: None }
    }

    /// Reads a spelling; `None` for any that no release has written.
    pub fn read(text: &str) -> Option<Note> {
        let is_open = match text.as_bytes().first()? {
            b'o' => true,
            b'c' => false,
            _ => return None,
        };
        let mut numbers = text.get(1..)?.split('-');
        let start = offset(numbers.next()?)?;
        let mut note = Note { is_open, ..Note::calm(start) };
        if let Some(ends) = numbers.next() {
            note.ends = count(ends)?;
            note.horizon = offset(numbers.next()?)?;
        }
        if let Some(at) = numbers.next() {
            note.tried = Some(Tried { offset: offset(at)?, deaths: count(numbers.next()?)? });
        }
        numbers.next().is_none().then_some(note)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_open { 'o' } else { 'c' }, self.start)?;
        if self.ends > 0 {
            write!(f, "-{}-{}", self.ends, self.horizon)?;
            if let Some(tried) = self.tried {
                write!(f, "-{}-{}", tried.offset, tried.deaths)?;
            }
        }
        Ok(())
    }
}

fn offset(digits: &str) -> Option<i64> {
    plain(digits)?.parse().ok()
}

/// A count that is written is never 0.
fn count(digits: &str) -> Option<u32> {
    plain(digits)?.parse().ok().filter(|count| *count > 0)
}

/// Digits in their one spelling: no sign, no zero in front.
fn plain(digits: &str) -> Option<&str> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    is_plain.then_some(digits)
}
