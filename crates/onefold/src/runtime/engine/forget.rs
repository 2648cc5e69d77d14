//! Ids leave when their window is over: at the start, and while the pipeline runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Engine, Worker};
use crate::boundary::sink::{Sink, SinkError};
use crate::store::IdStore;

/// Where ids are that have a window.
#[derive(Clone)]
pub(super) enum Ids {
    InSink(Arc<dyn Sink>),
    Beside(Arc<dyn IdStore>),
}

/// When they were looked through last.
#[derive(Default)]
pub(super) struct Forgetting {
    last_ms: u64,
    under_way: Arc<AtomicBool>,
}

/// Looked through this often; where the window itself is shorter, as often as that.
const EVERY: Duration = Duration::from_secs(60);
const OFTEN: Duration = Duration::from_secs(1);

impl Ids {
    /// A few at a time, so that what else is asked of the database comes between.
    pub(super) async fn forget_old(&self) -> Result<(), SinkError> {
        loop {
            let forgotten = match self {
                Ids::InSink(sink) => sink.forget_old_ids().await?,
                Ids::Beside(store) => store.forget_old().await?,
            };
            if forgotten == 0 {
                return Ok(());
            }
        }
    }
}

impl Engine {
    pub(super) fn forget_if_due(&mut self) {
        let Some(dedup) = &self.plan.dedup else { return };
        let now = self.clock.now_ms();
        let every = dedup.keep.clamp(OFTEN, EVERY);
        if u128::from(now.saturating_sub(self.forgetting.last_ms)) < every.as_millis() {
            return;
        }
        let ids = match &self.worker {
            Worker::Sink(sink) => Some(Ids::InSink(sink.clone())),
            Worker::Effects(hands) => hands.effects.ids.clone().map(Ids::Beside),
        };
        let Some(ids) = ids else { return };
        self.forgetting.last_ms = now;
        let under_way = self.forgetting.under_way.clone();
        if under_way.swap(true, Ordering::Relaxed) {
            return;
        }
        self.tokio.spawn(async move {
            if let Err(error) = ids.forget_old().await {
                tracing::warn!("ids that are older than the window stay for now: {error}");
            }
            under_way.store(false, Ordering::Relaxed);
        });
    }
}
