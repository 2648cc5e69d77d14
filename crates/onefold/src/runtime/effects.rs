//! Handlers outside any transaction, run on tokio: many at once, each key in the order that the engine gave.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use onefold_core::identity::{Claim, RowState};
use onefold_core::lane::Slot;
use tokio::sync::Semaphore;

use super::inbox::{Inbox, Message};
use crate::boundary::sink::{SinkError, TxDone};
use crate::boundary::{Attempt, Effect};
use crate::crash::CrashPlan;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::store::IdStore;

/// The runner of one pipeline's effect.
pub(super) struct Effects {
    pub(super) effect: Arc<dyn Effect>,
    /// Where ids are checked before and marked after (`MarkAfter`).
    pub(super) ids: Option<Arc<dyn IdStore>>,
    pub(super) permits: Arc<Semaphore>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) crash: CrashPlan,
}

/// One attempt to make.
pub(super) struct Job {
    pub(super) slot: Slot,
    pub(super) record: Arc<Record>,
    pub(super) attempt: Attempt,
    pub(super) digest: Option<[u8; 16]>,
    /// Cleared when the partition is given up: what has not begun then does not run.
    pub(super) held: Arc<AtomicBool>,
}

/// Jobs of one key, in order: after one that does not succeed the others do not run.
pub(super) type Run = Vec<Job>;

/// So many results are sent together at most.
const CHUNK: usize = 128;

impl Effects {
    /// Runs all of these. What ends at once, without waiting for anything, costs no task of its own.
    pub(super) async fn run_chunk(self: Arc<Self>, runs: Vec<Run>) {
        let mut ended = Vec::with_capacity(runs.len());
        for run in runs {
            let permit = match self.permits.clone().try_acquire_owned() {
                Ok(permit) => permit,
                Err(_) => {
                    self.send(&mut ended);
                    let Ok(permit) = self.permits.clone().acquire_owned().await else { return };
                    permit
                }
            };
            let mut running = Box::pin(self.clone().run_in_order(run));
            match poll_once(running.as_mut()) {
                Poll::Ready(done) => ended.extend(done),
                Poll::Pending => {
                    let inbox = self.inbox.clone();
                    tokio::spawn(async move {
                        let done = running.await;
                        drop(permit);
                        inbox.push(Message::Ended(done));
                    });
                }
            }
            if ended.len() >= CHUNK {
                self.send(&mut ended);
            }
        }
        self.send(&mut ended);
    }

    fn send(&self, ended: &mut Vec<(Slot, TxDone)>) {
        if !ended.is_empty() {
            self.inbox.push(Message::Ended(std::mem::take(ended)));
        }
    }

    async fn run_in_order(self: Arc<Self>, run: Run) -> Vec<(Slot, TxDone)> {
        let mut ended = Vec::with_capacity(run.len());
        let mut stopped = false;
        for job in run {
            let done =
                if stopped || !job.held.load(Ordering::Relaxed) { TxDone::NotRun } else { self.run_one(&job).await };
            stopped |= !matches!(done, TxDone::Done(_) | TxDone::Duplicate);
            ended.push((job.slot, done));
        }
        ended
    }

    async fn run_one(&self, job: &Job) -> TxDone {
        if self.crash.is_due("before-effect") {
            return TxDone::NotRun;
        }
        let marked = self.ids.as_ref().zip(job.digest);
        if let Some((ids, digest)) = marked {
            match ids.look_up(job.attempt.identity.as_ref().clone(), digest).await {
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
            let mark = ids.mark(job.attempt.identity.as_ref().clone(), digest, RowState::Done).await;
            if let Err(error) = mark {
                // The effect is there and nothing says so: as after a crash, it will be repeated.
                return store_down(&error);
            }
            let _ = self.crash.is_due("after-mark");
        }
        TxDone::Done(outcome)
    }
}

fn store_down(error: &SinkError) -> TxDone {
    TxDone::SinkDown(format!("the id store: {error}").into())
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
