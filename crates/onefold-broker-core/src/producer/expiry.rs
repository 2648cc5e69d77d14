//! When a window shrinks and when it goes: by broker time only (I7).
//!
//! Kafka counts from the batch's own timestamp, which is the client's clock: a producer that writes records of 1970 loses
//! its window at once. And it forgets a window whole, so that it must then take any sequence from any producer it does not
//! know. Here a window first shrinks to its place in the sequence, which costs little and is kept for a week; and which
//! producers may have been forgotten is still known afterwards, so that only they go on at any sequence.

use super::{ProducerWindows, Window};

/// Idle for so long, a window forgets its batches (`producer.id.expiration.ms`): 24 hours.
pub const SHRINK_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// Idle for so long, a producer is forgotten altogether: 7 days.
pub const FORGET_AFTER_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Where a partition knows more producers than this, those that have shrunk go at once, so that a host of short-lived
/// producers (a program started every second makes 86,400 a day) costs a day's memory, not a week's.
pub const CROWD: usize = 10_000;

impl Window {
    /// Whether an expiry is due. Never within an open transaction.
    fn is_due(&self, now_ms: i64, crowded: bool) -> bool {
        let limit_ms = if self.is_expired() && !crowded { FORGET_AFTER_MS } else { SHRINK_AFTER_MS };
        // A clock set back makes the idle time negative: then nothing is due, which errs on the safe side.
        self.open_transaction().is_none() && now_ms.saturating_sub(self.last_used_ms()) >= limit_ms
    }
}

impl ProducerWindows {
    /// The producers whose next expiry is due at `now_ms` of broker time.
    pub fn due(&self, now_ms: i64) -> impl Iterator<Item = i64> {
        let crowded = self.len() > CROWD;
        self.iter().filter(move |(_, window)| window.is_due(now_ms, crowded)).map(|(id, _)| id)
    }
}
