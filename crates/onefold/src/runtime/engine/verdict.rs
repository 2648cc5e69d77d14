//! Dead records: the letter, and its way to the dead-letter topic before the position moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use onefold_core::identity::{Identity, RowState};
use onefold_core::lane::Slot;

use super::task::{Letter, Work};
use super::{Engine, Worker};
use crate::boundary::sink::{Sink, SinkError};
use crate::dead_letter::{Reason, ReasonClass, letter_for};
use crate::log::{LogError, Publish};
use crate::record::Record;
use crate::runtime::inbox::Message;

/// The way of stored verdicts to the dead-letter topic.
#[derive(Default)]
pub(super) struct Relay {
    under_way: bool,
    /// Verdicts were stored since it last began.
    wanted: bool,
    /// After a failure, not before this time.
    not_before_ms: u64,
    failures: u32,
    pub(super) problem: Option<String>,
    /// A letter that no waiting gets through.
    pub(super) refused: Option<String>,
}

impl Relay {
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether every verdict that was stored is published.
    pub(super) fn is_idle(&self) -> bool {
        !self.under_way && !self.wanted
    }
}

/// Letters published in one go of the relay, at most.
const RELAY: usize = 200;

impl Engine {
    pub(super) fn letter(&self, record: &Record, identity: &Identity, reason: Reason) -> Arc<Letter> {
        let letter = letter_for(record, &self.dead_topic, &self.plan.group, identity, &reason, &self.plan.dialects);
        Arc::new(Letter { record: letter, reason, failed: AtomicU32::new(0) })
    }

    /// The record is dead: stored as a verdict in the sink's transaction, or published. It stays out until then.
    pub(super) fn bury(&mut self, slot: Slot, reason: Reason) {
        let Some(task) = self.lanes.get(slot) else { return };
        if self.flood.refuses(&reason, task.lane, self.plan.flood_guard, self.clock.now_ms()) {
            self.report.systemic(self.plan.name(), &reason);
            return self.park(slot, 1000);
        }
        tracing::warn!(
            pipeline = self.plan.name(), topic = %task.record.topic, partition = task.record.partition,
            offset = task.record.offset, class = %reason.class, attempts = reason.attempts, "dead: {}", reason.message
        );
        self.report.first_death.get_or_insert_with(|| format!("{}: {}", reason.class, reason.message));
        let letter = self.letter(&task.record, &task.identity, reason);
        if let Some(task) = self.lanes.get_mut(slot) {
            task.work = Work::Bury(letter);
        }
        self.suspect_rests(slot, 0);
        super::dispatch::note_running(&mut self.owned, self.lanes.get(slot));
        match &self.worker {
            Worker::Sink(_) => self.submit(vec![slot]),
            Worker::Effects(_) => self.publish_letter(slot),
        }
    }

    /// The verdict is a row in the sink.
    pub(super) fn on_stored(&mut self, slot: Slot) {
        self.breaker.answered();
        self.flood.probe_lost();
        self.counters.dead += 1;
        self.relay.want();
        self.settle(slot);
    }

    /// The verdict is not in the sink: written again later, however often, since it is never passed over.
    pub(super) fn on_not_stored(&mut self, slot: Slot, why: &str) {
        self.breaker.probe_lost();
        self.flood.probe_lost();
        self.bury_again(slot, why);
    }

    fn bury_again(&mut self, slot: Slot, why: &str) {
        let Some(Work::Bury(letter)) = self.lanes.get(slot).map(|task| &task.work) else { return };
        let failed = letter.failed.fetch_add(1, Ordering::Relaxed) + 1;
        let after_ms = self.policy.backoff_ms(failed, fastrand::u64(..)).max(100);
        self.relay.problem = Some(format!("dead letters cannot be written: {why}"));
        self.park(slot, after_ms);
    }

    /// Sends the letter; acks=all before the position moves.
    pub(super) fn publish_letter(&self, slot: Slot) {
        let Some(task) = self.lanes.get(slot) else { return };
        let Work::Bury(letter) = &task.work else { return };
        let (publish, inbox) = (self.publish.clone(), self.inbox.clone());
        let record = letter.record.clone();
        // A conflict leaves the row of the record that came first as it is.
        let conflict = letter.reason.class == ReasonClass::Conflict;
        let mark = task.digest.filter(|_| !conflict).map(|digest| (task.identity.clone(), digest));
        let ids = match &self.worker {
            Worker::Effects(hands) => hands.effects.ids.clone(),
            Worker::Sink(_) => None,
        };
        self.tokio.spawn(async move {
            let mut result = publish.publish(record).await;
            if let (Ok(()), Some(ids), Some((identity, digest))) = (&result, ids, mark) {
                result = ids.mark(identity, digest, RowState::Dead).await.map_err(not_now);
            }
            inbox.push(Message::Buried(slot, result));
        });
    }

    /// A letter was acknowledged, or is to be sent again: a dead record is never passed over without its letter.
    pub(super) fn on_buried(&mut self, slot: Slot, result: Result<(), LogError>) {
        let Some(task) = self.lanes.get(slot) else { return };
        super::ended::note_ended(&mut self.owned, task);
        self.breaker.probe_lost();
        self.flood.probe_lost();
        match result {
            Ok(()) => {
                self.counters.dead += 1;
                self.relay.problem = None;
                self.settle(slot);
            }
            Err(why) => {
                self.note_refused(&why);
                self.bury_again(slot, &why.to_string());
            }
        }
    }

    pub(super) fn relay_if_due(&mut self) {
        let Worker::Sink(sink) = &self.worker else { return };
        if !self.relay.wanted || self.relay.under_way || self.clock.now_ms() < self.relay.not_before_ms {
            return;
        }
        (self.relay.wanted, self.relay.under_way) = (false, true);
        let (sink, publish, inbox) = (sink.clone(), self.publish.clone(), self.inbox.clone());
        self.tokio.spawn(async move { inbox.push(Message::Relayed(relay(&*sink, &*publish).await)) });
    }

    /// What waiting cannot mend ends the run, with the position where it is.
    fn note_refused(&mut self, why: &LogError) {
        if let LogError::Fatal(why) = why {
            self.relay.refused = Some(format!("a dead letter is refused for good: {why}"));
        }
    }

    pub(super) fn on_relayed(&mut self, result: Result<usize, LogError>) {
        self.relay.under_way = false;
        match result {
            Ok(count) => {
                self.relay.wanted |= count == RELAY;
                (self.relay.failures, self.relay.problem) = (0, None);
            }
            Err(why) => {
                self.note_refused(&why);
                self.relay.failures += 1;
                let wait = self.policy.backoff_ms(self.relay.failures, fastrand::u64(..)).max(100);
                self.relay.not_before_ms = self.clock.now_ms() + wait;
                self.relay.wanted = true;
                self.relay.problem = Some(format!("dead letters cannot be written: {why}"));
            }
        }
    }
}

/// Publishes stored verdicts, and only then forgets their letters: a crash between publishes them twice. Those that got
/// through are forgotten also where others did not.
async fn relay(sink: &dyn Sink, publish: &dyn Publish) -> Result<usize, LogError> {
    let rows = sink.unpublished(RELAY).await.map_err(not_now)?;
    let all = rows.into_iter().map(|row| async move { (row.row, publish.publish(row.letter).await) });
    let (mut published, mut failed) = (Vec::new(), None);
    for (row, result) in futures_util::future::join_all(all).await {
        match result {
            Ok(()) => published.push(row),
            Err(error) if matches!(failed, Some(LogError::Fatal(_))) => drop(error),
            Err(error) => failed = Some(error),
        }
    }
    let count = published.len();
    sink.published(published).await.map_err(not_now)?;
    failed.map_or(Ok(count), Err)
}

fn not_now(error: SinkError) -> LogError {
    LogError::Unreachable(error.to_string())
}
