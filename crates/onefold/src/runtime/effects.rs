//! One attempt of a handler outside any transaction: look the id up, run, mark the id.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use onefold_core::identity::{Claim, RowState};
use tokio_util::sync::ReusableBoxFuture;

use crate::boundary::sink::{SinkError, TxDone};
use crate::boundary::{Attempt, Effect, Place};
use crate::crash::CrashPlan;
use crate::dead_letter::redrive;
use crate::outcome::{Handled, Outcome};
use crate::record::Record;
use crate::store::IdStore;

/// One pipeline's effect, and what goes around it.
pub(super) struct Effects {
    pub(super) effect: Arc<dyn Effect>,
    /// Where ids are checked before and marked after (`MarkAfter`).
    pub(super) ids: Option<Arc<dyn IdStore>>,
    pub(super) group: Arc<str>,
    pub(super) crash: CrashPlan,
}

/// One attempt to make.
pub(super) struct Job {
    pub(super) record: Arc<Record>,
    pub(super) attempt: Attempt,
    pub(super) digest: Option<[u8; 16]>,
    /// Cleared when the partition is given up: what has not begun then does not run. `None`: it begins at once.
    pub(super) held: Option<Arc<AtomicBool>>,
    /// An attempt before this one left the effect and no mark.
    pub(super) is_done: bool,
}

impl Effects {
    /// Makes the attempt, unless its partition was given up meanwhile.
    #[allow(clippy::manual_async_fn, reason = "an `async fn` copies what it is given once more")]
    pub(super) fn run(self: Arc<Self>, job: Job) -> impl Future<Output = TxDone> + Send + use<> {
        async move {
            if job.is_done {
                return self.mark(&job, Outcome::Done).await;
            }
            let given_up = job.held.as_ref().is_some_and(|held| !held.load(Ordering::Relaxed));
            if given_up || self.crash.is_due("before-effect") {
                return TxDone::NotRun;
            }
            let marked = self.ids.as_ref().zip(job.digest);
            if let Some((ids, digest)) = marked {
                match ids.look_up(job.attempt.identity.clone(), digest).await {
                    Ok(Claim::New | Claim::Running) => {}
                    // Put back: the mark after it says done in place of dead.
                    Ok(Claim::Dead) if redrive::runs_again(&job.record, &self.group) => {}
                    Ok(Claim::Done | Claim::Dead) => return TxDone::Duplicate,
                    Ok(Claim::Conflict) => return TxDone::Conflict,
                    Err(error) => return TxDone::SinkDown(ids_are_down(&error)),
                }
            }
            let attempt = AssertUnwindSafe(async { self.effect.run(&job.record, &job.attempt).await });
            match self.ended(attempt.catch_unwind().await) {
                TxDone::Done(outcome) => self.mark(&job, outcome).await,
                otherwise => otherwise,
            }
        }
    }

    /// Before the commit: a crash between them delivers the record again, and the mark suppresses it. Where the id cannot
    /// be marked, that is what is tried again, and the effect is not; only where this owner ends meanwhile (a crash, a rebalance, a stop) the next one repeats it.
    async fn mark(&self, job: &Job, outcome: Outcome) -> TxDone {
        if let (Some(ids), Some(digest), Outcome::Done) = (&self.ids, job.digest, &outcome) {
            if let Err(error) = ids.mark(job.attempt.identity.clone(), digest, RowState::Done).await {
                return TxDone::Unmarked(ids_are_down(&error));
            }
            let _ = self.crash.is_due("after-mark");
        }
        TxDone::Done(outcome)
    }
}

/// How a handler ended: as it says, or with a panic.
type Caught = std::thread::Result<Handled>;

impl Effects {
    /// Whether an attempt is the effect and nothing around it, and can be made by [`Effects::begin_in`].
    pub(super) fn has_place(&self) -> bool {
        self.ids.is_none() && self.effect.has_place()
    }

    /// One attempt, as far as it comes without waiting; the rest of it otherwise.
    pub(super) fn begin_in(self: &Arc<Self>, record: &Record, place: &mut Place) -> Result<TxDone, Waiting> {
        if self.crash.is_due("before-effect") {
            return Ok(TxDone::NotRun);
        }
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.effect.begin_in(record, place);
            place.poll(&mut Context::from_waker(Waker::noop()))
        }));
        match polled {
            Ok(Poll::Ready(handled)) => Ok(self.ended(Ok(handled))),
            Err(panic) => Ok(self.ended(Err(panic))),
            Ok(Poll::Pending) => {
                let attempt = std::mem::replace(place, Place::new(std::future::pending()));
                let effects = self.clone();
                let rest = async move { effects.ended(AssertUnwindSafe(attempt).catch_unwind().await) };
                Err(Waiting(ReusableBoxFuture::new(rest)))
            }
        }
    }

    fn ended(&self, attempt: Caught) -> TxDone {
        let outcome = match attempt {
            Ok(Ok(outcome @ (Outcome::Done | Outcome::Skip(_) | Outcome::Stale(_)))) => outcome,
            Ok(Ok(other)) => return TxDone::Refused(other),
            Ok(Err(failure)) => return TxDone::Failed(failure),
            Err(panic) => return TxDone::Failed(crate::boundary::panic_failure(&*panic)),
        };
        if self.crash.is_due("after-effect") {
            return TxDone::NotRun;
        }
        TxDone::Done(outcome)
    }
}

/// An attempt that waits for something.
pub(super) struct Waiting(pub(super) ReusableBoxFuture<'static, TxDone>);

fn ids_are_down(error: &SinkError) -> Arc<str> {
    format!("the store of its ids: {error}").into()
}
