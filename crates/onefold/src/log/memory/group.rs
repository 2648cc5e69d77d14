//! A group that shares one topic: who has which partition, and what is committed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::log::{CommittedAt, LogEvent};

#[derive(Default)]
pub(super) struct Group {
    pub(super) members: BTreeMap<u64, Member>,
    pub(super) committed: BTreeMap<i32, CommittedAt>,
    last_member: u64,
    /// Not all have given up what they had.
    pub(super) rebalancing: bool,
}

#[derive(Default)]
pub(super) struct Member {
    pub(super) held: Vec<i32>,
    pub(super) events: VecDeque<LogEvent>,
    /// The answer to a commit, from this time on.
    pub(super) answer: Option<(Instant, LogEvent)>,
    /// Where reading goes on, by partition; only those that were started.
    pub(super) reading: BTreeMap<i32, i64>,
    pub(super) paused: Vec<i32>,
    pub(super) leaving: bool,
    /// Was asked to give up what it holds, and has not yet.
    pub(super) revoking: bool,
    /// What it holds went to others without asking: its commits do not count.
    pub(super) lost: bool,
    /// The ends that were told already, so that each is told once.
    pub(super) told_end: BTreeMap<i32, i64>,
    pub(super) wake: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Group {
    pub(super) fn join(&mut self, partitions: i32) -> u64 {
        self.last_member += 1;
        self.members.insert(self.last_member, Member::default());
        self.rebalance(partitions);
        self.last_member
    }

    /// All give up what they have; when the last one did, all get their share.
    pub(super) fn rebalance(&mut self, partitions: i32) {
        self.rebalancing = true;
        for member in self.members.values_mut().filter(|member| !member.held.is_empty() && !member.revoking) {
            member.revoking = true;
            member.events.push_back(LogEvent::Revoked(member.held.clone()));
        }
        self.share_when_free(partitions);
    }

    pub(super) fn release(&mut self, id: u64, released: &[i32], partitions: i32) {
        if let Some(member) = self.members.get_mut(&id) {
            member.held.retain(|partition| !released.contains(partition));
            released.iter().for_each(|partition| member.forget(*partition));
            member.revoking &= !member.held.is_empty();
        }
        self.share_when_free(partitions);
    }

    /// A member that is gone without a word, as after a crash: its partitions are free at once.
    pub(super) fn vanish(&mut self, id: u64, partitions: i32) {
        self.members.remove(&id);
        self.rebalance(partitions);
    }

    /// All are told that they have nothing any more; when they have let it go, all get their share.
    pub(super) fn lose(&mut self, partitions: i32) {
        self.rebalancing = true;
        for member in self.members.values_mut().filter(|member| !member.held.is_empty()) {
            (member.revoking, member.lost) = (true, true);
            member.events.push_back(LogEvent::Lost(member.held.clone()));
        }
        self.share_when_free(partitions);
    }

    pub(super) fn wake_all(&self) {
        self.members.values().filter_map(|member| member.wake.as_ref()).for_each(|wake| wake());
    }

    fn share_when_free(&mut self, partitions: i32) {
        if self.rebalancing && self.members.values().all(|member| member.held.is_empty()) {
            self.rebalancing = false;
            let staying: Vec<u64> = self.members.iter().filter(|(_, m)| !m.leaving).map(|(id, _)| *id).collect();
            for (nth, id) in staying.iter().enumerate() {
                let share: Vec<i32> = (0..partitions).filter(|p| *p as usize % staying.len() == nth).collect();
                if let (Some(member), false) = (self.members.get_mut(id), share.is_empty()) {
                    (member.held, member.lost) = (share.clone(), false);
                    member.events.push_back(LogEvent::Assigned(share));
                }
            }
        }
        self.wake_all();
    }
}
