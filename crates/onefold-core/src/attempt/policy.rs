//! How often, and how long to wait between.

/// The longest that a sink's Retry-After is followed. Asking again once an hour is patient enough, and a nonsensical
/// date must not park a key for years.
pub const RETRY_AFTER_MS: u64 = 60 * 60 * 1000;

/// Attempts and the waits between them: exponential backoff with full jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    /// In all, with the first one. 0 counts as 1.
    pub attempts: u32,
    /// The longest wait before the second attempt.
    pub first_ms: u64,
    /// The longest wait of all.
    pub longest_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy { attempts: 5, first_ms: 100, longest_ms: 30_000 }
    }
}

impl RetryPolicy {
    /// How long to wait after the `tried`-th try (1, 2, ..): evenly spread between nothing and
    /// `first * 2^(tried - 1)`, at most `longest`.
    ///
    /// `random` is 64 uniform bits. Full jitter, since waits that all grow alike come back all at once: Brooker,
    /// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    pub fn backoff_ms(&self, tried: u32, random: u64) -> u64 {
        let doublings = tried.saturating_sub(1);
        let ceiling = if doublings >= self.first_ms.leading_zeros() { u64::MAX } else { self.first_ms << doublings };
        share(if self.first_ms == 0 { 0 } else { ceiling.min(self.longest_ms) }, random)
    }

    /// How long to wait where the sink itself said how long, if it did: never less than that (up to
    /// [`RETRY_AFTER_MS`]), and not all at the same moment.
    pub(super) fn told_ms(&self, told_ms: Option<u64>, tried: u32, random: u64) -> u64 {
        match told_ms {
            Some(told) => told.min(RETRY_AFTER_MS) + share(self.first_ms.min(self.longest_ms), random),
            None => self.backoff_ms(tried, random),
        }
    }
}

/// Evenly spread over 0 ..= `most`.
fn share(most: u64, random: u64) -> u64 {
    ((u128::from(random) * (u128::from(most) + 1)) >> 64) as u64
}
