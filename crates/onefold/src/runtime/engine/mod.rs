//! One pipeline at work, on a thread of its own.
//!
//! The loop: poll the log, take in records ([`intake`]), give ready ones out ([`dispatch`]), hear how they ended
//! ([`ended`]), bury the dead ([`verdict`]), commit ([`commit`]), come and go with partitions ([`assignment`], [`origin`], [`claim`]), look for
//! what kills the process ([`careful`], [`suspects`], [`turns`], [`notes`]), end ([`drain`], [`elsewhere`], [`waits`], [`gone`], [`leaving`], [`last_words`]), say how it is ([`report`], [`absence`]). All state is here and touched by this thread alone; what runs elsewhere answers by the inbox.

mod absence;
mod assignment;
mod at_once;
mod careful;
mod claim;
mod commit;
mod dispatch;
mod drain;
mod elsewhere;
mod ended;
mod flood;
mod forget;
mod gone;
mod intake;
mod last_words;
mod leaving;
mod notes;
mod origin;
mod owned;
mod report;
mod setup;
mod spare;
mod suspects;
mod task;
mod turns;
mod verdict;
mod waits;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use onefold_core::attempt::{Breaker, RetryPolicy};
use onefold_core::guarantee::Protocol;
use onefold_core::identity::Origins;
use onefold_core::lane::Lanes;
use onefold_core::progress::Assignments;

use super::clock::Clock;
use super::counters::Counters;
use super::hands::Hands;
use super::inbox::{Inbox, Message};
use super::observer::Observer;
use crate::boundary::sink::Sink;
use crate::log::{Log, LogError, LogEvent, Publish};
use crate::pipeline::plan::Plan;
use crate::record::Record;
pub(super) use notes::Noted;
pub(super) use setup::Setup;
use task::Task;

/// How an engine ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Drained, or stopped and drained; with what its counts do not say.
    Well(Counters, Vec<String>),
    /// By itself, for this reason.
    Stopped(String),
    /// At a crash point of a test.
    Crashed(Counters),
}

/// Where work goes.
enum Worker {
    Effects(Box<Hands>),
    Sink(Arc<dyn Sink>),
}

pub(super) struct Engine {
    plan: Plan,
    protocol: Protocol,
    origins: Origins,
    topic: Arc<str>,
    dead_topic: Arc<str>,
    log: Box<dyn Log>,
    publish: Arc<dyn Publish>,
    worker: Worker,
    tokio: tokio::runtime::Handle,
    inbox: Arc<Inbox>,
    observer: Observer,
    clock: Clock,
    policy: RetryPolicy,

    lanes: Lanes<Task>,
    owned: BTreeMap<i32, owned::Owned>,
    assignments: Assignments,
    starting: assignment::Starting,
    revoking: Option<assignment::Revoking>,
    commits: commit::Commits,
    careful: careful::Careful,
    breaker: Breaker,
    flood: flood::Flood,
    relay: verdict::Relay,
    forgetting: forget::Forgetting,
    gone: gone::Gone,
    ending: drain::Ending,
    counters: Counters,
    report: report::Report,
    records: Vec<Record>,
    spare: spare::Spare,
    messages: Vec<Message>,
}

/// Records taken from the log at once, at most.
const POLL: usize = 256;
/// Nothing that has a time is checked less often than this.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

impl Engine {
    /// Runs until it is drained or stopped.
    pub(super) fn run(mut self) -> Ended {
        // Handlers that run on this thread find tokio as on a thread of its own: what they may do there they may do here,
        // and what panics there (waiting for a future without awaiting it) panics here.
        let tokio = self.tokio.clone();
        let ended = tokio.block_on(tokio::task::unconstrained(async { self.work() }));
        self.tell(true);
        let words = self.last_words();
        leaving::part_with(self.log);
        match ended {
            Ok(()) if self.plan.crash.has_struck() => Ended::Crashed(self.counters),
            Ok(()) => Ended::Well(self.counters, words),
            Err(reason) => Ended::Stopped(reason),
        }
    }

    fn work(&mut self) -> Result<(), String> {
        self.log.set_waker(self.inbox.waker());
        self.begin()?;
        while !self.is_over()? {
            let opening = self.careful.turn_begins();
            let mut busy = self.poll()?;
            let mut messages = std::mem::take(&mut self.messages);
            self.inbox.take(&mut messages, Duration::ZERO);
            busy |= !messages.is_empty();
            for message in messages.drain(..) {
                self.hear(message);
            }
            self.messages = messages;
            self.start_waiting()?;
            self.tend_suspects()?;
            self.go_on_revoking()?;
            busy |= self.dispatch();
            self.see_that_it_runs();
            self.careful.turn_is_over(opening);
            self.commit_if_due()?;
            self.relay_if_due();
            self.forget_if_due();
            self.say_if_down();
            self.say_if_reachable();
            self.refuse_gone()?;
            self.tell(false);
            if self.plan.crash.has_struck() {
                return Ok(());
            }
            if !busy {
                self.wait();
            }
        }
        Ok(())
    }

    /// Records and events of the log; whether there were any.
    fn poll(&mut self) -> Result<bool, String> {
        let room = self.room_for_records();
        let mut records = std::mem::take(&mut self.records);
        let polled = self.log.poll(&mut records, room);
        let busy = !records.is_empty() || matches!(polled, Ok(Some(_)));
        // What is lost, or to be given up, is not run any more.
        let polled = match polled {
            Ok(Some(event @ (LogEvent::Lost(_) | LogEvent::Revoked(_)))) => {
                self.on_event(event)?;
                Ok(None)
            }
            other => other,
        };
        let mut go = if records.is_empty() { None } else { self.begin_at_once() };
        for record in records.drain(..) {
            self.take_in(record, go.as_mut());
        }
        if let Some(go) = go {
            self.end_at_once(&go);
        }
        self.records = records;
        match polled {
            Ok(Some(event)) => self.on_event(event)?,
            Ok(None) => {}
            Err(LogError::Unreachable(why)) => self.is_unreachable(report::Whose::Cluster, why),
            Err(LogError::NoTopic(_)) => return Err(self.it_is_gone()),
            Err(error) => return Err(error.to_string()),
        }
        Ok(busy)
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Ended(ended) => self.on_all_ended(ended),
            Message::Ran { slot, done, quick } => self.on_ran(slot, done, quick),
            Message::Buried(slot, result) => self.on_buried(slot, result),
            Message::Relayed(result) => self.on_relayed(result),
            Message::Noted(noted) => self.on_noted(noted),
            Message::Stop => self.ending.stop(),
        }
    }

    fn wait(&mut self) {
        let now = self.clock.now_ms();
        let due = self.lanes.next_due_ms().map_or(LONGEST_WAIT, |due| Duration::from_millis(due.saturating_sub(now)));
        let mut messages = std::mem::take(&mut self.messages);
        self.inbox.take(&mut messages, due.clamp(Duration::from_millis(1), LONGEST_WAIT));
        for message in messages.drain(..) {
            self.hear(message);
        }
        self.messages = messages;
    }
}
