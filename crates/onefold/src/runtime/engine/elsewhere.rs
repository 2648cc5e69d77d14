//! What other members of the group have done: a drain ends when they are through, too, and who takes a partition over
//! says where they have committed what the sink does not hold.

use std::collections::BTreeMap;
use std::time::Duration;

use onefold_core::progress::Saved;

use super::drain::ASK;
use super::report::Whose;
use super::{Engine, Worker};
use crate::boundary::sink::SinkError;
use crate::log::CommittedAt;
use crate::pipeline::plan::Plan;
use crate::record::Record;

/// What a drain knows of the partitions of others.
#[derive(Default)]
pub(super) struct Others {
    asked_ms: u64,
    behind: Vec<Behind>,
    /// Since when nothing of that has moved.
    since_ms: u64,
}

/// How far a partition of another member is.
pub(super) enum Elsewhere {
    Open,
    Passed,
    /// It will not end well, for this reason.
    Astray(String),
}

/// The group's offset passes records that the sink does not hold.
#[derive(Clone, Copy, PartialEq)]
struct Behind {
    partition: i32,
    committed: i64,
    position: Option<i64>,
}

const ASK_EVERY_MS: u64 = 500;
const PATIENCE: Duration = Duration::from_millis(500);
/// Somebody who shares the database and has taken a partition over moves its position within this time, or commits
/// what it has: four commits a second.
const STANDS_STILL_MS: u64 = 5_000;

impl Engine {
    /// Whether partitions that others have are past the drain's targets: by the sink's own positions where it has them,
    /// since a member with another database commits for the same group; by the group's commits else.
    pub(super) fn look_elsewhere(&mut self, partitions: &[i32]) -> Elsewhere {
        if partitions.is_empty() {
            return Elsewhere::Passed;
        }
        let now = self.clock.now_ms();
        if now < self.ending.others.asked_ms + ASK_EVERY_MS {
            return Elsewhere::Open;
        }
        self.ending.others.asked_ms = now;
        // Asked first: whoever shares the database commits there before it commits here.
        let Ok(committed) = self.log.committed(partitions, ASK) else { return Elsewhere::Open };
        if !self.protocol.position_is_in_sink() {
            let all = committed.iter().all(|at| self.has_reached(at.partition, at.offset));
            return if all { Elsewhere::Passed } else { Elsewhere::Open };
        }
        let positions = match self.positions_elsewhere(partitions) {
            Ok(positions) => positions,
            Err(why) => {
                self.report.unreachable(self.plan.name(), Whose::Sink, why.to_string());
                return Elsewhere::Open;
            }
        };
        self.report.reached(self.plan.name(), Whose::Sink);
        self.compare(now, &committed, &positions)
    }

    fn has_reached(&self, partition: i32, offset: Option<i64>) -> bool {
        let target = self.ending.targets.as_ref().and_then(|targets| targets.get(&partition));
        offset.is_some_and(|offset| target.is_none_or(|target| offset >= *target))
    }

    fn positions_elsewhere(&self, partitions: &[i32]) -> Result<BTreeMap<i32, i64>, SinkError> {
        let Worker::Sink(sink) = &self.worker else { return Ok(BTreeMap::new()) };
        let asked = sink.positions(partitions.to_vec());
        let (tell, told) = std::sync::mpsc::channel();
        self.tokio.spawn(async move { tell.send(asked.await) });
        // What else is written to the same database goes first, and may hang: this thread has signals to hear.
        let late = |_| SinkError::Down("its positions were not told in time: other work on it goes first".into());
        let positions = told.recv_timeout(PATIENCE).map_err(late)??;
        Ok(partitions.iter().zip(positions).filter_map(|(partition, at)| Some((*partition, at?))).collect())
    }

    fn compare(&mut self, now: u64, committed: &[CommittedAt], positions: &BTreeMap<i32, i64>) -> Elsewhere {
        let position = |at: &CommittedAt| positions.get(&at.partition).copied();
        let open: Vec<&CommittedAt> =
            committed.iter().filter(|at| !self.has_reached(at.partition, position(at))).collect();
        if open.is_empty() {
            return Elsewhere::Passed;
        }
        // Also of commits that are not Onefold's: whoever has the partition then does not move the position here. Where a tool
        // has moved the group, and Onefold goes through the records all the same, the position does not stand still.
        let passed = open.iter().filter(|at| self.has_reached(at.partition, at.offset));
        let behind: Vec<Behind> = passed
            .map(|at| Behind { partition: at.partition, committed: at.offset.unwrap_or(0), position: position(at) })
            .collect();
        let everywhere = behind.len() == open.len();
        let others = &mut self.ending.others;
        if !everywhere || others.behind != behind {
            (others.behind, others.since_ms) = (behind, now);
            return Elsewhere::Open;
        }
        match now < others.since_ms + STANDS_STILL_MS {
            true => Elsewhere::Open,
            false => Elsewhere::Astray(self.astray(&behind)),
        }
    }

    fn astray(&self, behind: &[Behind]) -> String {
        let Worker::Sink(sink) = &self.worker else { return String::new() };
        let (name, group, topic) = (sink.name(), &self.plan.group, &self.topic);
        let each = |behind: &Behind| {
            let position = match behind.position {
                Some(position) => format!("stands at {position} there"),
                None => "has no position there".to_owned(),
            };
            format!("partition {} is committed up to {} and {position}", behind.partition, behind.committed)
        };
        let partitions: Vec<String> = behind.iter().map(each).collect();
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
