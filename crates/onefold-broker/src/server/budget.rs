//! One bound on the bytes that all peers together may keep in memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What every connection may use without asking, so that small requests pass while large ones queue for the budget.
pub(crate) const FREE_BYTES: usize = 64 << 10;

/// Bytes shared by all connections. Dropping a `Held` gives them back.
#[derive(Clone)]
pub(crate) struct Budget {
    bytes: Arc<Semaphore>,
    total: usize,
}

/// What requests in flight may use: a quarter for the first part of each, the rest for what is beyond it in large ones.
/// Each part is taken at once, the large one last, so nobody waits for a part while holding what that part's owners wait
/// for; and large requests, however slow, leave those of usual size their own room.
#[derive(Clone)]
pub(crate) struct InFlight {
    usual: Budget,
    large: Budget,
}

/// A request's share of both.
#[derive(Default)]
pub(crate) struct Share {
    usual: Held,
    large: Held,
}

/// Where a request begins to be a large one: Kafka's default of a producer's largest, and some.
pub(crate) const USUAL_BYTES: usize = (1 << 20) + (64 << 10);

impl InFlight {
    pub(crate) fn new(total: usize) -> InFlight {
        let usual = (total / 4).max(1);
        InFlight { usual: Budget::new(usual), large: Budget::new(total.saturating_sub(usual).max(1)) }
    }

    /// Waits until `share` has room for `length` bytes up to `USUAL_BYTES`. Cancel-safe, as the next.
    pub(super) async fn take_usual(&self, share: &mut Share, length: usize) {
        share.usual = self.usual.take(length.min(USUAL_BYTES).saturating_sub(FREE_BYTES)).await;
    }

    /// Waits until `share` has room for what `length` has beyond `USUAL_BYTES`.
    pub(super) async fn take_large(&self, share: &mut Share, length: usize) {
        share.large = self.large.take(length.saturating_sub(USUAL_BYTES)).await;
    }
}

/// A share of the budget.
#[derive(Default)]
pub(crate) struct Held(Option<OwnedSemaphorePermit>);

impl Budget {
    pub(crate) fn new(total: usize) -> Budget {
        let total = total.min(u32::MAX as usize >> 1);
        Budget { bytes: Arc::new(Semaphore::new(total)), total }
    }

    /// Waits until so many bytes are free. Cancel-safe: a cancelled wait holds nothing.
    async fn take(&self, bytes: usize) -> Held {
        Held(self.bytes.clone().acquire_many_owned(self.clamp(bytes)).await.ok())
    }

    /// Takes as much of `wanted` as can be had at once by halving, but nothing below `FREE_BYTES`: the caller may then
    /// use its free share. Returns how many bytes it may use, and the share to keep while it does.
    pub(crate) fn take_up_to(&self, wanted: usize) -> (usize, Held) {
        let mut ask = wanted.min(self.total);
        while ask > FREE_BYTES {
            if let Ok(permit) = self.bytes.clone().try_acquire_many_owned(self.clamp(ask)) {
                return (ask, Held(Some(permit)));
            }
            ask /= 2;
        }
        (wanted.min(FREE_BYTES), Held::default())
    }

    fn clamp(&self, bytes: usize) -> u32 {
        // `total` fits u32, and asking for more than there is would wait for ever.
        bytes.min(self.total) as u32
    }
}

impl Held {
    /// Gives back what goes beyond so many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if let Some(held) = &mut self.0 {
            let beyond = held.num_permits().saturating_sub(bytes);
            drop(held.split(beyond));
        }
    }
}
