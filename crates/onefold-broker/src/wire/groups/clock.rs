//! The monotonic clock of the groups, in milliseconds since the broker started.

use std::time::Duration;

use tokio::time::Instant;

pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Clock {
        Clock(Instant::now())
    }

    pub(super) fn now_ms(&self) -> u64 {
        // 584 million years fit.
        self.0.elapsed().as_millis() as u64
    }

    /// Waits for the moment; for ever where there is none. Cancel-safe.
    pub(super) async fn reach(&self, deadline_ms: Option<u64>) {
        match deadline_ms.and_then(|ms| self.0.checked_add(Duration::from_millis(ms))) {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}
