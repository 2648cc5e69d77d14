//! What an engine says about itself.

use std::collections::BTreeMap;
use std::time::Duration;

use onefold_core::attempt::PauseReason;
use onefold_core::lane::{Full, Slot};

use super::Engine;
use super::absence::Absences;
use super::task::Task;
use crate::dead_letter::Reason;
use crate::record::TopicId;
use crate::runtime::observer::{Failing, Snapshot, WaitsFor};

/// State that is only for telling, and the few facts that all rooms share.
#[derive(Default)]
pub(super) struct Report {
    pub(super) topic_id: TopicId,
    pub(super) drains: bool,
    pub(super) finished: u64,
    pub(super) last_failure: Option<String>,
    /// The record that failed last of those that keep failing, and its place in the lanes.
    pub(super) failing: Option<(Slot, Failing)>,
    /// What was down last was not the sink but where a handler's ids are.
    pub(super) ids_are_down: bool,
    pub(super) halted: BTreeMap<i32, String>,
    /// Of what the first record died that did.
    pub(super) first_death: Option<String>,
    /// Why the flood guard holds everything back.
    pub(super) systemic: Option<String>,
    unreachable: Option<Unreachable>,
    /// Why the group does not take this member in.
    refused: Option<String>,
    absences: Absences,
    said_down: bool,
    /// When to ask next whether a cluster that could not be reached is back.
    ask_ms: u64,
    /// The lag of the partitions that were given up at the end: the last word still has it.
    pub(super) lag_left: u64,
    /// The end came before some partitions had begun: what they left is not known.
    pub(super) unbegun: bool,
    told_ms: u64,
    told_finished: u64,
    lanes_made: u64,
}

/// What could not be reached last.
struct Unreachable {
    whose: Whose,
    why: String,
    /// How many records were finished by then: whatever was finished since was reached.
    finished: u64,
}

/// Whose absence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    Cluster,
    /// The sink's, when a partition is to be claimed in it.
    Sink,
}

impl Whose {
    fn name(self) -> &'static str {
        match self {
            Whose::Cluster => "the cluster",
            Whose::Sink => "the sink",
        }
    }
}

const TELL_EVERY_MS: u64 = 250;
/// How often a cluster that could not be reached is asked whether it is back, and how long the pipeline waits for that.
const ASK_EVERY_MS: u64 = 2_000;
const ASK: Duration = Duration::from_millis(200);

impl Report {
    /// A lane for a record that shares none.
    pub(super) fn unique_lane(&mut self) -> u64 {
        self.lanes_made += 1;
        // Far from the hashes of keys as often as any other number: a collision only makes two records wait.
        self.lanes_made.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// Says that it is back, if it was said that it is not.
    pub(super) fn reached(&mut self, pipeline: &str, whose: Whose) {
        let _ = self.unreachable.take_if(|last| last.whose == whose);
        if self.absences.end(whose) {
            tracing::warn!(pipeline, "goes on: {} can be reached again", whose.name());
        }
    }

    /// It is not asked for any more, so whether it can be reached is nobody's business.
    pub(super) fn withdraw(&mut self, whose: Whose) {
        self.absences.end(whose);
        let _ = self.unreachable.take_if(|last| last.whose == whose);
    }

    pub(super) fn refused(&mut self, pipeline: &str, why: String) {
        if self.refused.as_ref() != Some(&why) {
            tracing::error!(pipeline, "{why}");
        }
        self.refused = Some(why);
    }

    pub(super) fn admitted(&mut self, pipeline: &str) {
        if self.refused.take().is_some() {
            tracing::warn!(pipeline, "goes on: the group has taken this member in");
        }
    }

    pub(super) fn systemic(&mut self, pipeline: &str, reason: &Reason) {
        let text = format!(
            "many keys die of one cause, so nothing more goes to the dead letters: {}: {}. Mend the cause and \
             run it again",
            reason.class, reason.message
        );
        if self.systemic.as_ref() != Some(&text) {
            tracing::error!(pipeline, "{text}");
        }
        self.systemic = Some(text);
    }
}

impl Engine {
    /// It cannot be reached, for this reason; said aloud where that is news.
    pub(super) fn is_unreachable(&mut self, whose: Whose, why: String) {
        let (pipeline, report) = (self.plan.name(), &mut self.report);
        let last = report.unreachable.as_ref().map(|last| last.whose);
        match report.absences.is_news(self.clock.now_ms(), last, whose, &why) {
            true => tracing::warn!(pipeline, "{why}"),
            false => tracing::debug!(pipeline, "{why}"),
        }
        report.unreachable = Some(Unreachable { whose, why, finished: report.finished });
    }

    /// Says when the sink goes, and when it is back.
    pub(super) fn say_if_down(&mut self) {
        let is_down = self.breaker.is_down();
        if is_down == std::mem::replace(&mut self.report.said_down, is_down) {
            return;
        }
        let pipeline = self.plan.name();
        match is_down {
            true => tracing::warn!(pipeline, "paused: {}", self.paused().unwrap_or_default()),
            false => tracing::warn!(pipeline, "goes on: the {} answers again", self.what_was_down()),
        }
    }

    /// Says that a cluster is back which could not be reached. Asked, since of a topic where nothing comes librdkafka
    /// tells nothing.
    pub(super) fn say_if_reachable(&mut self) {
        let now = self.clock.now_ms();
        let is_cluster = self.report.unreachable.as_ref().is_some_and(|last| last.whose == Whose::Cluster);
        if !is_cluster || now < self.report.ask_ms {
            return;
        }
        self.report.ask_ms = now + ASK_EVERY_MS;
        let partition = self.owned.keys().next().copied().unwrap_or(0);
        if self.log.bounds(partition, ASK).is_ok() {
            self.report.reached(self.plan.name(), Whose::Cluster);
        }
    }

    /// Tells the observer, when it is time.
    pub(super) fn tell(&mut self, ended: bool) {
        let now = self.clock.now_ms();
        let since = now.saturating_sub(self.report.told_ms);
        if !self.observer.is_set() || (since < TELL_EVERY_MS && !ended) {
            return;
        }
        let finished = self.report.finished - self.report.told_finished;
        (self.report.told_ms, self.report.told_finished) = (now, self.report.finished);
        let lag = self.lag();
        let is_known = (ended || self.ending.has_begun() || !self.owned.is_empty()) && !self.report.unbegun;
        self.observer.tell(Snapshot {
            name: self.plan.name().to_owned(),
            counters: self.counters,
            per_second: finished as f64 * 1000.0 / since.max(1) as f64,
            lag: is_known.then_some(lag),
            in_flight: self.lanes.running().records,
            parked_keys: self.lanes.parked_lanes(),
            paused: self.paused(),
            waits_for: self.waits_for(),
            failing: self.failing(),
            is_careful: self.is_careful(),
            partitions: self.owned.len(),
            ended,
        });
    }

    /// What is left of the partitions that it has, and of those that it had at the end.
    pub(super) fn lag(&self) -> u64 {
        self.report.lag_left + self.owned.values().map(super::owned::Owned::lag).sum::<u64>()
    }

    fn what_was_down(&self) -> &'static str {
        if self.report.ids_are_down { "store of its ids" } else { "sink" }
    }

    /// A record that keeps failing while nothing is paused for it, where it still is to be tried: at the end, by the next
    /// run.
    fn failing(&self) -> Option<Failing> {
        let (slot, failing) = self.report.failing.as_ref().filter(|_| !self.breaker.is_down())?;
        let at = |task: &Task| (task.record.partition, task.record.offset) == (failing.partition, failing.offset);
        let is_held = || self.lanes.get(*slot).is_some_and(at);
        (self.ending.has_begun() || is_held()).then(|| failing.clone())
    }

    fn is_careful(&self) -> bool {
        self.owned.values().any(|owned| owned.watch.suspects.is_careful())
    }

    /// The first of those that end the wait when they do: behind the others it would only wait again.
    fn waits_for(&self) -> Option<WaitsFor> {
        let unreachable = self.report.unreachable.as_ref().filter(|last| last.finished == self.report.finished);
        let reasons = [
            (self.careful.waits_for_others(), WaitsFor::OthersSuspects),
            (self.breaker.is_down() && self.report.ids_are_down, WaitsFor::Ids),
            (self.breaker.is_down() || unreachable.is_some_and(|last| last.whose == Whose::Sink), WaitsFor::Sink),
            (unreachable.is_some_and(|last| last.whose == Whose::Cluster), WaitsFor::Cluster),
            (self.relay.problem.is_some(), WaitsFor::DeadLetters),
            (self.flood.is_on() || !self.report.halted.is_empty(), WaitsFor::Somebody),
            (self.report.refused.is_some(), WaitsFor::Somebody),
            (self.ending.others.standstill.waits.is_some(), WaitsFor::OtherMembers),
            (self.is_careful(), WaitsFor::OwnSuspects),
        ];
        reasons.into_iter().find(|(holds, _)| *holds).map(|(_, what)| what)
    }

    /// Why dead letters are not written; of a sink that is down it is said already.
    fn letters_wait(&self) -> Option<String> {
        let problem = self.relay.problem.as_ref()?;
        let is_said = |last: &String| self.breaker.is_down() && problem.ends_with(last.as_str());
        Some(match self.report.last_failure.as_ref().is_some_and(is_said) {
            true => "and its dead letters wait for that, too".to_owned(),
            false => problem.clone(),
        })
    }

    /// All reasons for which it does not flow, in words.
    fn paused(&self) -> Option<String> {
        let mut reasons = Vec::new();
        if self.breaker.is_down() {
            let last = self.report.last_failure.as_deref().unwrap_or("no answer");
            reasons.push(match self.report.ids_are_down {
                true => last.to_owned(),
                false => format!("{}: {last}", PauseReason::SinkDown.as_str()),
            });
        }
        if self.flood.is_on() {
            reasons.extend(self.report.systemic.clone());
        }
        reasons.extend(self.letters_wait());
        reasons.extend(self.report.halted.iter().map(|(partition, why)| format!("partition {partition}: {why}")));
        reasons.extend(self.report.refused.clone());
        reasons.extend(self.ending.others.standstill.waits.clone());
        if self.owned.keys().any(|partition| self.lanes.full(*partition as u32) == Some(Full::Parked)) {
            reasons.push(PauseReason::Parked.as_str().to_owned());
        }
        if self.is_careful() {
            reasons.push(PauseReason::Suspects.as_str().to_owned());
        } else if self.careful.waits_for_others() {
            reasons.push("a suspect of another pipeline runs alone".to_owned());
        }
        let last = self.report.unreachable.as_ref();
        reasons.extend(last.filter(|last| last.finished == self.report.finished).map(|last| last.why.clone()));
        (!reasons.is_empty()).then(|| reasons.join(", "))
    }
}
