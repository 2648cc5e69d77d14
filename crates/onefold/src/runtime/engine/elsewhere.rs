//! What other members of the group have done: a drain ends when they are through, too, and who takes a partition over
//! says where they have committed what the sink does not hold.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use onefold_core::progress::Saved;

use super::report::Whose;
use super::waits::{Open, Standstill};
use super::{Engine, Worker};
use crate::boundary::sink::SinkError;
use crate::log::CommittedAt;
use crate::pipeline::plan::Plan;
use crate::record::Record;

/// What a drain knows of the partitions of others.
#[derive(Default)]
pub(super) struct Others {
    asked_ms: u64,
    /// Since when the group does not tell what it has committed.
    unanswered_ms: Option<u64>,
    look: Option<Look>,
    pub(super) standstill: Standstill,
}

/// A look at the sink that is under way: one at a time, however long the sink takes.
struct Look {
    /// Asked first: whoever shares the database commits there before it commits here.
    committed: Vec<CommittedAt>,
    told: Receiver<Result<Vec<Option<i64>>, SinkError>>,
    since_ms: u64,
}

/// How far a partition of another member is.
pub(super) enum Elsewhere {
    Open,
    Passed,
    /// It will not end well, for this reason.
    Astray(String),
}

const ASK_EVERY_MS: u64 = 500;
const ASK: Duration = Duration::from_secs(1);
/// What else is written to the same database goes first; when it takes longer than this, that is said.
const LATE_MS: u64 = 1_000;
/// The same of the group's commits.
const UNANSWERED_MS: u64 = 10_000;

impl Engine {
    /// Whether partitions that others have are past the drain's targets: by the sink's own positions where it has them,
    /// since a member with another database commits for the same group; by the group's commits else.
    pub(super) fn look_elsewhere(&mut self, partitions: &[i32]) -> Elsewhere {
        if partitions.is_empty() {
            return Elsewhere::Passed;
        }
        let now = self.clock.now_ms();
        if let Some(look) = self.ending.others.look.take() {
            return self.go_on_looking(now, look, partitions);
        }
        if now < self.ending.others.asked_ms + ASK_EVERY_MS {
            return Elsewhere::Open;
        }
        self.ending.others.asked_ms = now;
        let committed = match self.log.committed(partitions, ASK) {
            Ok(committed) => committed,
            Err(why) => {
                // A group that shares its partitions anew does not answer for a moment.
                let since = *self.ending.others.unanswered_ms.get_or_insert(now);
                if now >= since + UNANSWERED_MS {
                    self.say_unanswered(&why);
                }
                return Elsewhere::Open;
            }
        };
        self.ending.others.unanswered_ms = None;
        match &self.worker {
            Worker::Sink(sink) if self.protocol.position_is_in_sink() => {
                let (asked, wake) = (sink.positions(partitions.to_vec()), self.inbox.waker());
                let (tell, told) = std::sync::mpsc::channel();
                self.tokio.spawn(async move {
                    // Nobody is left to hear it where the engine has ended.
                    let _ = tell.send(asked.await);
                    wake();
                });
                self.ending.others.look = Some(Look { committed, told, since_ms: now });
                Elsewhere::Open
            }
            _ => self.compare(now, &committed, None),
        }
    }

    /// Hears the sink's answer, when it is there: this thread has signals and rebalances to hear meanwhile.
    fn go_on_looking(&mut self, now: u64, look: Look, partitions: &[i32]) -> Elsewhere {
        let told = match look.told.try_recv() {
            Ok(told) => told,
            Err(TryRecvError::Disconnected) => Err(SinkError::Down("it does not tell its positions".into())),
            Err(TryRecvError::Empty) => {
                if let (Worker::Sink(sink), true) = (&self.worker, now >= look.since_ms + LATE_MS) {
                    let why = format!(
                        "{} does not answer where its positions are: what is written there before goes first",
                        sink.name()
                    );
                    self.is_unreachable(Whose::Sink, why);
                }
                self.ending.others.look = Some(look);
                return Elsewhere::Open;
            }
        };
        let positions = match told {
            Ok(positions) => positions,
            Err(why) => {
                self.is_unreachable(Whose::Sink, why.to_string());
                return Elsewhere::Open;
            }
        };
        self.report.reached(self.plan.name(), Whose::Sink);
        // Some have come here or gone since it was asked: it is asked again about those that are open now.
        if !look.committed.iter().map(|at| at.partition).eq(partitions.iter().copied()) {
            return Elsewhere::Open;
        }
        let of = |(at, position): (&CommittedAt, Option<i64>)| Some((at.partition, position?));
        let positions = look.committed.iter().zip(positions).filter_map(of).collect();
        self.compare(now, &look.committed, Some(&positions))
    }

    fn has_reached(&self, partition: i32, offset: Option<i64>) -> bool {
        let target = self.ending.targets.as_ref().and_then(|targets| targets.get(&partition));
        offset.is_some_and(|offset| target.is_none_or(|target| offset >= *target))
    }

    /// `positions`: the sink's own, where it has them.
    fn compare(&mut self, now: u64, committed: &[CommittedAt], positions: Option<&BTreeMap<i32, i64>>) -> Elsewhere {
        let target = |partition| self.ending.targets.as_ref().and_then(|targets| targets.get(&partition)).copied();
        let open = committed.iter().map(|at| Open {
            partition: at.partition,
            target: target(at.partition).unwrap_or(0),
            committed: at.offset,
            position: positions.and_then(|positions| positions.get(&at.partition)).copied(),
        });
        let counts = |open: &Open| if positions.is_some() { open.position } else { open.committed };
        let open: Vec<Open> = open.filter(|open| !self.has_reached(open.partition, counts(open))).collect();
        if open.is_empty() {
            self.moves_elsewhere();
            return Elsewhere::Passed;
        }
        if !self.stands_still(now, &open) {
            return Elsewhere::Open;
        }
        // Also of commits that are not Onefold's: whoever has the partition then does not move the position here. Where a tool
        // has moved the group, and Onefold goes through the records all the same, the position does not stand still.
        if positions.is_some() && open.iter().all(|open| self.has_reached(open.partition, open.committed)) {
            return Elsewhere::Astray(self.astray(&open));
        }
        self.say_who_stands_still(now, &open);
        Elsewhere::Open
    }

    fn astray(&self, open: &[Open]) -> String {
        let Worker::Sink(sink) = &self.worker else { return String::new() };
        let (name, group, topic) = (sink.name(), &self.plan.group, &self.topic);
        let each = |open: &Open| {
            let position = match open.position {
                Some(position) => format!("stands at {position} there"),
                None => "has no position there".to_owned(),
            };
            format!("partition {} is committed up to {} and {position}", open.partition, open.committed.unwrap_or(0))
        };
        let partitions: Vec<String> = open.iter().map(each).collect();
        format!(
            "another member of group {group} has gone through records of {topic} that {name} does not hold: {}. It \
             writes to another database, or is another program (or this one was restored, and has not caught up). Nothing \
             is lost: stop the other one and start this again, which runs them here; or let both write to one database; \
             or give one of them a `group` of its own, if each is to have all records",
            partitions.join("; ")
        )
    }

    /// How far the group has committed, where that is beyond the position in the sink.
    pub(super) fn is_behind(&self, at: &CommittedAt, position: i64) -> Option<i64> {
        let ours = self.protocol.position_is_in_sink() && Saved::is_ours(at.metadata.as_deref());
        at.offset.filter(|committed| ours && *committed > position)
    }
}

/// There is a record between the two, so it is no marker that a commit has passed and a position has not.
pub(super) fn say_behind(plan: &Plan, worker: &Worker, record: &Record, committed: i64) {
    let Worker::Sink(sink) = worker else { return };
    let (topic, partition, offset) = (&record.topic, record.partition, record.offset);
    tracing::warn!(
        pipeline = plan.name(),
        "group {} has committed {topic}/{partition} up to {committed}, but {} stands at {offset}: the records \
         between ran into another database, or this one was restored. They run here now: the sink's position counts",
        plan.group,
        sink.name()
    );
}
