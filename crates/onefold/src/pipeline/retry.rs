//! How failed attempts are repeated.

use std::time::Duration;

/// Attempts with exponential backoff and full jitter (Brooker, "Exponential Backoff And Jitter").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts in all; then the record is dead. At least 1.
    pub attempts: u32,
    /// The wait after the first failure is between 0 and this.
    pub first: Duration,
    /// No wait is longer than this.
    pub longest: Duration,
    /// A record that ended the process so often while it ran alone is dead. At least 1.
    pub crashes: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { attempts: 5, first: Duration::from_millis(100), longest: Duration::from_secs(30), crashes: 3 }
    }
}

impl Retry {
    /// So many attempts in all.
    pub fn attempts(attempts: u32) -> Retry {
        Retry { attempts: attempts.max(1), ..Retry::default() }
    }

    pub fn first(mut self, wait: Duration) -> Retry {
        self.first = wait;
        self
    }

    /// After so many ends of the process while it ran alone, a record is dead.
    pub fn crashes(mut self, crashes: u32) -> Retry {
        self.crashes = crashes.max(1);
        self
    }

    pub fn longest(mut self, wait: Duration) -> Retry {
        self.longest = wait;
        self
    }
}

impl From<Retry> for onefold_core::attempt::RetryPolicy {
    fn from(retry: Retry) -> Self {
        let ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        onefold_core::attempt::RetryPolicy {
            attempts: retry.attempts,
            first_ms: ms(retry.first),
            longest_ms: ms(retry.longest),
        }
    }
}
