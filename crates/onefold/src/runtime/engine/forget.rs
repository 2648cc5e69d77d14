//! Ids leave when their window is over: at the start, and while the pipeline runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use onefold_core::guarantee::Protocol;

use super::{Engine, Worker};
use crate::boundary::sink::{Sink, SinkError};
use crate::record::Record;
use crate::store::IdStore;

/// Where ids are that have a window.
#[derive(Clone)]
pub(super) enum Ids {
    InSink(Arc<dyn Sink>),
    Beside(Arc<dyn IdStore>),
}

/// When they were looked through last, and what is older than they are kept.
#[derive(Default)]
pub(super) struct Forgetting {
    last_ms: u64,
    /// Records with an earlier timestamp are older than ids are kept, in ms since 1970. `None`: there is no window.
    covered_from_ms: Option<i64>,
    older: u64,
    /// It was said at so many; said again at twice as many.
    said: u64,
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

impl Forgetting {
    /// Whether the ids of its time are forgotten, by the record's own timestamp.
    pub(super) fn is_older(&self, record: &Record) -> bool {
        self.covered_from_ms.zip(record.timestamp_ms).is_some_and(|(from, at)| at < from)
    }

    pub(super) fn note_older(&mut self, pipeline: &str, record: &Record) {
        self.older += 1;
        if self.older >= self.said * 2 {
            self.said = self.older;
            tracing::warn!(
                pipeline,
                partition = record.partition,
                offset = record.offset,
                "{} records so far are older than ids are kept, and run although they may have run before (dedup: older)",
                self.older
            );
        }
    }
}

impl Engine {
    /// Where the window begins by now. Told by the machine's clock; a few seconds are nothing to it.
    pub(super) fn look_at_window(&mut self) {
        let Some(dedup) = self.plan.dedup.as_ref().filter(|_| self.protocol != Protocol::CommitFirst) else { return };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let from = now.saturating_sub(dedup.keep).as_millis();
        self.forgetting.covered_from_ms = Some(i64::try_from(from).unwrap_or(i64::MAX));
    }

    pub(super) fn forget_if_due(&mut self) {
        let Some(dedup) = &self.plan.dedup else { return };
        let now = self.clock.now_ms();
        let every = dedup.keep.clamp(OFTEN, EVERY);
        if u128::from(now.saturating_sub(self.forgetting.last_ms)) < every.as_millis() {
            return;
        }
        let keeps = match &self.worker {
            Worker::Sink(sink) => Some(Ids::InSink(sink.clone())),
            Worker::Effects(hands) => hands.effects.ids.clone().map(Ids::Beside),
        };
        self.forgetting.last_ms = now;
        self.look_at_window();
        let Some(ids) = keeps else { return };
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
