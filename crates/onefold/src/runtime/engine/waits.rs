//! A drain that waits for other members of its group: who they are, once what they have stands still.

use std::time::{Duration, SystemTime};

use super::{Engine, Worker};
use crate::log::{Holder, LogError};

/// A partition that somebody else has, short of the drain's target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Open {
    pub(super) partition: i32,
    /// Where the drain ends.
    pub(super) target: i64,
    /// What the group has committed.
    pub(super) committed: Option<i64>,
    /// Where the sink stands, where it has the position.
    pub(super) position: Option<i64>,
}

/// Since when nothing of that has moved.
#[derive(Default)]
pub(super) struct Standstill {
    open: Vec<Open>,
    since_ms: u64,
    /// The same, for people.
    since: Option<SystemTime>,
    /// What is waited for, in words.
    pub(super) waits: Option<String>,
    told_ms: u64,
}

/// Somebody who shares the database and has taken a partition over moves its position within this time, or commits
/// what it has: four commits a second.
const STANDS_STILL_MS: u64 = 5_000;
/// How often it is asked again who they are, and how long that may take.
const ASK_EVERY_MS: u64 = 10_000;
const ASK: Duration = Duration::from_secs(1);
/// Of one member so many partitions are named.
const NAMED: usize = 8;

impl Standstill {
    /// Whether exactly this has stood still for long enough, now that it is open.
    fn lasts(&mut self, now: u64, open: &[Open]) -> bool {
        if self.open != open {
            let (open, since) = (open.to_vec(), Some(SystemTime::now()));
            *self = Standstill { open, since_ms: now, since, ..Standstill::default() };
        }
        now >= self.since_ms + STANDS_STILL_MS
    }

    /// It stands still no more, and what does so later begins then; whether it was waited for.
    fn is_over(&mut self) -> bool {
        std::mem::take(self).waits.is_some()
    }
}

impl Engine {
    /// Takes note of what is open elsewhere; whether nothing of it has moved for a while.
    pub(super) fn stands_still(&mut self, now: u64, open: &[Open]) -> bool {
        if self.ending.others.standstill.open != open {
            self.moves_elsewhere();
        }
        self.ending.others.standstill.lasts(now, open)
    }

    /// Nobody else is waited for, or not any more since they stand still.
    pub(super) fn moves_elsewhere(&mut self) {
        if self.ending.others.standstill.is_over() {
            tracing::warn!(pipeline = self.plan.name(), "goes on: its group does");
        }
    }

    /// Says it once, and keeps it for whoever asks what the pipeline waits for.
    pub(super) fn say_who_stands_still(&mut self, now: u64, open: &[Open]) {
        let known = &self.ending.others.standstill;
        let (first, since) = (known.waits.is_none(), known.since.unwrap_or(SystemTime::UNIX_EPOCH));
        if !first && now < known.told_ms + ASK_EVERY_MS {
            return;
        }
        let who = match self.log.holders(ASK) {
            Ok(holders) => self.who(open, &holders),
            Err(why) => format!("{}, of whom is not told: {why}", self.partitions(open.iter())),
        };
        let text = format!(
            "other members of group {} have not finished their part of {}: {who}. Nothing of it has moved since {}",
            self.plan.group,
            self.topic,
            humantime::format_rfc3339_seconds(since)
        );
        if first {
            tracing::warn!(
                pipeline = self.plan.name(),
                "the drain waits: {text}. It ends when they are through, or have gone; a program that is to have all \
                 records for itself needs a group of its own"
            );
        }
        let known = &mut self.ending.others.standstill;
        (known.waits, known.told_ms) = (Some(text), now);
    }

    /// The group does not tell its positions: said once, and kept for whoever asks what the pipeline waits for.
    pub(super) fn say_unanswered(&mut self, why: &LogError) {
        let why = why.to_string();
        let text = format!(
            "group {} does not tell how far its other members are in {}: it shares its partitions anew, which takes as long \
             as a member that is gone counts as there, or its cluster is slow to answer ({})",
            self.plan.group,
            self.topic,
            why.trim_start_matches("cannot reach the cluster: ")
        );
        if self.ending.others.standstill.waits.is_none() {
            tracing::warn!(pipeline = self.plan.name(), "the drain waits: {text}");
        }
        self.ending.others.standstill.waits = Some(text);
    }

    /// The partitions that are waited for, member by member.
    fn who(&self, open: &[Open], holders: &[Holder]) -> String {
        let mut parts = Vec::new();
        for holder in holders {
            let of = |open: &&Open| holder.partitions.contains(&open.partition);
            if open.iter().any(|open| of(&open)) {
                let Holder { client, host, member, .. } = holder;
                let partitions = self.partitions(open.iter().filter(of));
                parts.push(format!("client {client} at {host} (member {member}) has {partitions}"));
            }
        }
        let is_held = |open: &Open| holders.iter().any(|holder| holder.partitions.contains(&open.partition));
        if open.iter().any(|open| !is_held(open)) {
            let partitions = self.partitions(open.iter().filter(|open| !is_held(open)));
            parts.push(format!("nobody is told to have {partitions}"));
        }
        parts.join("; ")
    }

    fn partitions<'a>(&self, open: impl Iterator<Item = &'a Open> + Clone) -> String {
        let is_in_sink = self.protocol.position_is_in_sink();
        let name = match &self.worker {
            Worker::Sink(sink) if is_in_sink => sink.name(),
            _ => String::new(),
        };
        let each = |open: &Open| {
            let Open { partition, target, committed, position } = open;
            match (is_in_sink, committed, position) {
                (true, _, Some(at)) => format!("partition {partition} (at {at} of {target} in {name})"),
                (true, _, None) => format!("partition {partition} (none of {target} in {name})"),
                (false, Some(at), _) => format!("partition {partition} (committed {at} of {target})"),
                (false, None, _) => format!("partition {partition} (committed none of {target})"),
            }
        };
        let mut named: Vec<String> = open.clone().take(NAMED).map(each).collect();
        let more = open.count().saturating_sub(NAMED);
        if more > 0 {
            named.push(format!("{more} more"));
        }
        named.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_on_between_stands_still_from_then_on() {
        let open = [Open { partition: 1, target: 9, committed: Some(3), position: None }];
        let mut standstill = Standstill::default();
        assert!(!standstill.lasts(1_000, &open) && !standstill.lasts(5_999, &open));
        // Nobody was told of it yet: it counts from anew all the same.
        assert!(!standstill.is_over());
        assert!(!standstill.lasts(6_500, &open) && !standstill.lasts(11_499, &open));
        assert!(standstill.lasts(11_500, &open));
        standstill.waits = Some("who".into());
        assert!(standstill.is_over() && !standstill.lasts(11_501, &open));
    }
}
