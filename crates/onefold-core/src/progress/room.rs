//! How much room the runs have, and when running more records could outgrow it.

use super::runs::LONGEST_NUMBER;
use super::saved::LONGEST_FRAME;

/// The budget of commit metadata, in bytes: Kafka's default limit is 4096 (`offset.metadata.max.bytes`).
pub const METADATA_BYTES: usize = 3500;

/// Where the finished-above-the-position set is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Room {
    /// In the commit's metadata, within so many bytes ([`METADATA_BYTES`]).
    Metadata { bytes: usize },
    /// In a store of its own (rows of the sink): no bound here.
    Store,
}

impl Room {
    /// Whether `stretches` runs over a span of `span` offsets surely fit.
    ///
    /// Each run is two numbers. Their sum is the span, and the spelling of a number grows with its logarithm, so the
    /// numbers together are longest when all are equal.
    pub(super) fn fits(self, stretches: usize, span: u64) -> bool {
        let Room::Metadata { bytes } = self else { return true };
        let for_runs = bytes.saturating_sub(LONGEST_FRAME);
        let numbers = stretches.saturating_mul(2);
        if numbers <= for_runs / LONGEST_NUMBER {
            return true;
        }
        // A number x takes 1 + floor(log32 x) characters; the bound below rounds the logarithm up.
        let mean = span / numbers as u64 + 1;
        let bits = numbers.saturating_mul(u64::BITS as usize - mean.leading_zeros() as usize);
        numbers + bits.div_ceil(5) <= for_runs
    }
}
