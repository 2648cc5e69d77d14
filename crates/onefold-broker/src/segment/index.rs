//! Where in a segment an offset or a time is, roughly: one entry for each stretch of [`STRETCH`] bytes. Kept in memory
//! only; a segment that was written before this start is scanned when it is first read.

use onefold_broker_core::batch::Header;

/// Bytes between entries.
pub(super) const STRETCH: u64 = 64 << 10;

/// A sparse index over one segment, by offset, position and time at once.
#[derive(Debug, Clone, Default)]
pub struct Index {
    entries: Vec<Entry>,
    covered: u64,
    max_timestamp_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    base_offset: i64,
    position: u64,
    /// The greatest timestamp of all batches before this one; none before the first.
    max_before_ms: Option<i64>,
}

impl Index {
    /// Adds the batch that follows.
    pub fn add(&mut self, header: &Header) {
        let due = self.entries.last().is_none_or(|last| self.covered >= last.position + STRETCH);
        if due {
            let (base_offset, position) = (header.base_offset, self.covered);
            self.entries.push(Entry { base_offset, position, max_before_ms: self.max_timestamp_ms });
        }
        self.covered += header.size as u64;
        self.max_timestamp_ms = self.max_timestamp_ms.max(Some(header.max_timestamp_ms));
    }

    /// A position at or before the batch that holds `offset`.
    pub fn position_of(&self, offset: i64) -> u64 {
        let after = self.entries.partition_point(|entry| entry.base_offset <= offset);
        after.checked_sub(1).map_or(0, |index| self.entries[index].position)
    }

    /// A position at or before the first batch with a timestamp of at least `time_ms`.
    pub fn position_of_time(&self, time_ms: i64) -> u64 {
        let after = self.entries.partition_point(|entry| entry.max_before_ms < Some(time_ms));
        after.checked_sub(1).map_or(0, |index| self.entries[index].position)
    }

    /// Bytes indexed.
    pub fn covered(&self) -> u64 {
        self.covered
    }
}
