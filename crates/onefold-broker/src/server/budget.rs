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

/// A share of the budget.
#[derive(Default)]
pub(crate) struct Held(Option<OwnedSemaphorePermit>);

impl Budget {
    pub(crate) fn new(total: usize) -> Budget {
        let total = total.min(u32::MAX as usize >> 1);
        Budget { bytes: Arc::new(Semaphore::new(total)), total }
    }

    /// Waits until `more` bytes are free and adds them to `held`. Cancel-safe: a cancelled wait holds nothing more.
    pub(super) async fn grow(&self, held: &mut Held, more: usize) {
        if let Ok(permit) = self.bytes.clone().acquire_many_owned(self.clamp(more)).await {
            held.merge(permit);
        }
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

    fn merge(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.0 {
            Some(held) => held.merge(permit),
            None => self.0 = Some(permit),
        }
    }
}
