//! One attempt of a handler outside any transaction: look the id up, run, mark the id.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use onefold_core::identity::{Claim, RowState};

use crate::boundary::sink::{SinkError, TxDone};
use crate::boundary::{Attempt, Effect};
use crate::crash::CrashPlan;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::store::IdStore;

/// One pipeline's effect, and what goes around it.
pub(super) struct Effects {
    pub(super) effect: Arc<dyn Effect>,
    /// Where ids are checked before and marked after (`MarkAfter`).
    pub(super) ids: Option<Arc<dyn IdStore>>,
    pub(super) crash: CrashPlan,
}

/// One attempt to make.
pub(super) struct Job {
    pub(super) record: Arc<Record>,
    pub(super) attempt: Attempt,
    pub(super) digest: Option<[u8; 16]>,
    /// Cleared when the partition is given up: what has not begun then does not run. `None`: it begins at once.
    pub(super) held: Option<Arc<AtomicBool>>,
}

impl Effects {
    /// Makes the attempt, unless its partition was given up meanwhile.
    #[allow(clippy::manual_async_fn, reason = "an `async fn` copies what it is given once more")]
    pub(super) fn run(self: Arc<Self>, job: Job) -> impl Future<Output = TxDone> + Send + use<> {
        async move {
            let given_up = job.held.as_ref().is_some_and(|held| !held.load(Ordering::Relaxed));
            if given_up || self.crash.is_due("before-effect") {
                return TxDone::NotRun;
            }
            let marked = self.ids.as_ref().zip(job.digest);
            if let Some((ids, digest)) = marked {
                match ids.look_up(job.attempt.identity.clone(), digest).await {
                    Ok(Claim::New | Claim::Running) => {}
                    Ok(Claim::Done | Claim::Dead) => return TxDone::Duplicate,
                    Ok(Claim::Conflict) => return TxDone::Conflict,
                    Err(error) => return store_down(&error),
                }
            }
            let attempt = std::panic::AssertUnwindSafe(async { self.effect.run(&job.record, &job.attempt).await });
            let outcome = match attempt.catch_unwind().await {
                Ok(Ok(outcome @ (Outcome::Done | Outcome::Skip(_) | Outcome::Stale(_)))) => outcome,
                Ok(Ok(other)) => return TxDone::Refused(other),
                Ok(Err(failure)) => return TxDone::Failed(failure),
                Err(panic) => return TxDone::Failed(crate::boundary::panic_failure(&*panic)),
            };
            if self.crash.is_due("after-effect") {
                return TxDone::NotRun;
            }
            // Marked before the commit: a crash between them delivers the record again, and the mark suppresses it.
            if let (Some((ids, digest)), Outcome::Done) = (marked, &outcome) {
                let mark = ids.mark(job.attempt.identity.clone(), digest, RowState::Done).await;
                if let Err(error) = mark {
                    // The effect is there and nothing says so: as after a crash, it will be repeated.
                    return store_down(&error);
                }
                let _ = self.crash.is_due("after-mark");
            }
            TxDone::Done(outcome)
        }
    }
}

fn store_down(error: &SinkError) -> TxDone {
    TxDone::SinkDown(format!("the id store: {error}").into())
}
