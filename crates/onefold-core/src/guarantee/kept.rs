//! How long something is kept.

use std::fmt;

/// How long records, ids or tombstones are kept. Longer is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kept {
    Millis(u64),
    ForEver,
}

impl Kept {
    pub const fn days(days: u64) -> Kept {
        Kept::Millis(days * 24 * 60 * 60 * 1000)
    }
}

impl fmt::Display for Kept {
    /// In the largest unit that says it exactly: `30 d`, `36 h`, `1500 ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Kept::Millis(ms) = *self else { return f.write_str("for ever") };
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")];
        match units.into_iter().find(|(unit, _)| ms >= *unit && ms.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{} {name}", ms / unit),
            None => write!(f, "{ms} ms"),
        }
    }
}
