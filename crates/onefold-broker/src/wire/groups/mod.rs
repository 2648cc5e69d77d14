//! The shell of the group coordinator: one lock around it, its journal writes, its answers, its clock.
//!
//! The coordinator decides (`onefold_broker_core::group`); here its writes go to the sequencer in the order they are
//! decided (this lock is taken before the sequencer's, never after), its answers to whoever waits for them, and a timer
//! ticks when it wants. What must not happen here: deciding who is a member.

mod clock;
mod offsets;
pub(super) mod reply;
mod waiting;

use std::sync::{Mutex, MutexGuard, PoisonError};

use onefold_broker_core::Lsn;
use onefold_broker_core::group::{
    CommitRequest, Coordinator, GroupEffect, GroupError, GroupEvent, GroupReply, GroupSettings, Token,
};
use tokio::sync::{Notify, oneshot};

use self::clock::Clock;
pub(crate) use self::offsets::OffsetsKept;
use self::waiting::Waiting;
use crate::log::{Log, LogStopped};

/// Every group of the broker.
pub(crate) struct Groups {
    inner: Mutex<Inner>,
    clock: Clock,
    offsets_kept: OffsetsKept,
    /// The next deadline may have moved.
    moved: Notify,
}

struct Inner {
    coordinator: Coordinator,
    waiting: Waiting,
    effects: Vec<GroupEffect>,
}

/// How long a group must have been unused to be forgotten.
const UNUSED_MS: u64 = 3_600_000;

/// The answer to a group request, and the record it depends on.
pub(super) type Answered = (GroupReply, Lsn);

impl Groups {
    /// The groups as the journal has them; every clock starts now (G4).
    pub(crate) fn restore(settings: GroupSettings, offsets_kept: OffsetsKept, log: &Log) -> Groups {
        let clock = Clock::start();
        let snapshots: Vec<_> = log.view(|state, _| state.group_snapshots().cloned().collect());
        let coordinator = Coordinator::restore(settings, snapshots, clock.now_ms());
        let inner = Inner { coordinator, waiting: Waiting::default(), effects: Vec::new() };
        Groups { inner: Mutex::new(inner), clock, offsets_kept, moved: Notify::new() }
    }

    /// Lets the coordinator decide on a request. The receiver gets its answer, at once or when others have moved; it gets
    /// none when the broker stops.
    pub(super) fn ask(
        &self,
        log: &Log,
        event: impl FnOnce(Token) -> GroupEvent,
    ) -> Result<(Token, oneshot::Receiver<Answered>), LogStopped> {
        let mut inner = self.lock();
        let (token, receiver) = inner.waiting.open();
        inner.step(log, self.clock.now_ms(), event(token))?;
        drop(inner);
        crate::woken::note();
        self.moved.notify_one();
        Ok((token, receiver))
    }

    /// Whoever waited under this token is gone.
    pub(super) fn forget(&self, log: &Log, group: String, token: Token) -> Result<(), LogStopped> {
        let mut inner = self.lock();
        inner.waiting.close(token);
        inner.step(log, self.clock.now_ms(), GroupEvent::Disconnected { group, token })
    }

    /// Whether these offsets may be committed now. `commit` runs under the same lock when they may, so that no rebalance
    /// comes between (G1).
    pub(super) fn commit<T>(
        &self,
        log: &Log,
        request: &CommitRequest,
        commit: impl FnOnce() -> Result<T, LogStopped>,
    ) -> Result<(Result<T, GroupError>, Lsn), LogStopped> {
        let mut inner = self.lock();
        let Inner { coordinator, effects, .. } = &mut *inner;
        let checked = coordinator.check_commit(self.clock.now_ms(), request, effects);
        inner.perform(log)?;
        let changed = inner.coordinator.changed(&request.group);
        Ok(match checked {
            Ok(()) => (Ok(commit()?), changed),
            Err(error) => (Err(error), changed),
        })
    }

    /// A call that may write: DeleteGroups.
    pub(super) fn change<T>(
        &self,
        log: &Log,
        change: impl FnOnce(&mut Coordinator, &mut Vec<GroupEffect>) -> T,
    ) -> Result<T, LogStopped> {
        let mut inner = self.lock();
        let Inner { coordinator, effects, .. } = &mut *inner;
        let result = change(coordinator, effects);
        inner.perform(log)?;
        Ok(result)
    }

    /// A question.
    pub(super) fn view<T>(&self, question: impl FnOnce(&Coordinator) -> T) -> T {
        question(&self.lock().coordinator)
    }

    /// Ticks whenever the coordinator's next deadline has come. Ends only with the log.
    pub(crate) async fn keep_time(&self, log: &Log) -> LogStopped {
        let every_ms = self.offsets_kept.check_every_ms;
        let mut tidy_ms = self.clock.now_ms().saturating_add(every_ms);
        loop {
            let deadline = self.view(Coordinator::next_deadline);
            let next_ms = deadline.map_or(tidy_ms, |deadline| deadline.min(tidy_ms));
            tokio::select! {
                () = self.moved.notified() => continue,
                () = self.clock.reach(Some(next_ms)) => {}
            }
            if self.clock.now_ms() >= tidy_ms {
                tidy_ms = self.clock.now_ms().saturating_add(every_ms);
                if let Err(stopped) = self.tidy(log) {
                    return stopped;
                }
            }
            if let Err(stopped) = self.lock().step(log, self.clock.now_ms(), GroupEvent::Tick) {
                return stopped;
            }
        }
    }

    /// Deletes offsets whose time is over, then forgets groups that nobody has used for an hour and that hold no offsets,
    /// so that made-up names do not pile up.
    fn tidy(&self, log: &Log) -> Result<(), LogStopped> {
        self.expire_offsets(log)?;
        let now_ms = self.clock.now_ms();
        let holds_offsets = |group: &str| log.view(|state, _| !state.group_offsets(group).is_empty());
        self.change(log, |coordinator, effects| coordinator.forget_empty(now_ms, UNUSED_MS, holds_offsets, effects))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held would leave at worst a group between two answers, which its clients' next
        // requests resolve; the journal is not involved.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn step(&mut self, log: &Log, now_ms: u64, event: GroupEvent) -> Result<(), LogStopped> {
        self.coordinator.step(now_ms, event, &mut self.effects);
        self.perform(log)
    }

    fn perform(&mut self, log: &Log) -> Result<(), LogStopped> {
        let Inner { coordinator, waiting, effects } = self;
        coordinator.perform(
            effects,
            |write| log.sequence(|_, _| ((), Some(write.into()))).map(|((), lsn)| lsn),
            |token, reply, depends| waiting.answer(token, (reply, depends)),
        )
    }
}
