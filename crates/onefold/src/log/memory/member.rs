//! One member of a group of the cluster in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cluster::{MemoryCluster, State};
use super::group::{Group, Member};
use crate::log::{Bounds, CommitAt, CommitError, CommittedAt, Log, LogError, LogEvent};
use crate::record::{Record, TopicId};

/// A member of a group. Dropped without [`Log::leave`], it vanishes as a killed process would.
pub struct MemoryLog {
    cluster: MemoryCluster,
    group: (String, String),
    member: u64,
}

impl MemoryLog {
    /// Joins the group. The topic is made with one partition where it is missing.
    pub fn join(cluster: &MemoryCluster, group: &str, topic: &str) -> MemoryLog {
        cluster.create_topic(topic, 1);
        let key = (group.to_owned(), topic.to_owned());
        let mut state = cluster.lock();
        let partitions = partitions_of(&state, topic);
        let member = state.groups.entry(key.clone()).or_default().join(partitions);
        drop(state);
        MemoryLog { cluster: cluster.clone(), group: key, member }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Group, u64, i32) -> T) -> Option<T> {
        let mut state = self.cluster.lock();
        let partitions = partitions_of(&state, &self.group.1);
        state.groups.get_mut(&self.group).map(|group| act(group, self.member, partitions))
    }

    fn with_member<T>(&mut self, act: impl FnOnce(&mut Member) -> T) -> Option<T> {
        self.with(|group, id, _| group.members.get_mut(&id).map(act)).flatten()
    }
}

impl Log for MemoryLog {
    fn set_waker(&mut self, wake: Arc<dyn Fn() + Send + Sync>) {
        self.with_member(|member| member.wake = Some(wake));
    }

    fn poll(&mut self, records: &mut Vec<Record>, at_most: usize) -> Result<Option<LogEvent>, LogError> {
        let mut state = self.cluster.lock();
        let State { topics, groups, .. } = &mut *state;
        let Some(member) = groups.get_mut(&self.group).and_then(|group| group.members.get_mut(&self.member)) else {
            return Err(LogError::Fatal("the member is not in its group any more".into()));
        };
        if let Some((_, answer)) = member.answer.take_if(|(at, _)| *at <= Instant::now()) {
            return Ok(Some(answer));
        }
        if let Some(event) = member.events.pop_front() {
            return Ok(Some(event));
        }
        let topic = topics.get(&self.group.1).ok_or_else(|| LogError::NoTopic(self.group.1.clone()))?;
        Ok(member.read(&topic.partitions, records, at_most))
    }

    fn committed(&mut self, partitions: &[i32], _: Duration) -> Result<Vec<CommittedAt>, LogError> {
        let none = |partition| CommittedAt { partition, offset: None, leader_epoch: None, metadata: None };
        let read = |group: &mut Group, _, _| {
            partitions.iter().map(|p| group.committed.get(p).cloned().unwrap_or_else(|| none(*p))).collect()
        };
        Ok(self.with(read).unwrap_or_default())
    }

    fn bounds(&mut self, partition: i32, _: Duration) -> Result<Bounds, LogError> {
        let state = self.cluster.lock();
        let topic = state.topics.get(&self.group.1).ok_or_else(|| LogError::NoTopic(self.group.1.clone()))?;
        Ok(Bounds { earliest: 0, end: topic.partitions.get(partition as usize).map_or(0, |p| p.len() as i64) })
    }

    fn offset_for_time(&mut self, partition: i32, timestamp_ms: i64, _: Duration) -> Result<i64, LogError> {
        let state = self.cluster.lock();
        let records = state.topics.get(&self.group.1).and_then(|topic| topic.partitions.get(partition as usize));
        let records = records.map(Vec::as_slice).unwrap_or_default();
        let at = records.iter().position(|record| record.timestamp_ms.is_some_and(|at| at >= timestamp_ms));
        Ok(at.unwrap_or(records.len()) as i64)
    }

    fn partitions(&mut self, _: Duration) -> Result<Vec<i32>, LogError> {
        Ok((0..partitions_of(&self.cluster.lock(), &self.group.1)).collect())
    }

    fn topic_id(&mut self, _: Duration) -> Result<TopicId, LogError> {
        Ok(self.cluster.lock().topics.get(&self.group.1).map(|topic| topic.id).unwrap_or_default())
    }

    fn start(&mut self, at: &[(i32, i64)]) -> Result<(), LogError> {
        self.with_member(|member| member.reading.extend(at.iter().copied()));
        Ok(())
    }

    fn release(&mut self, partitions: &[i32]) -> Result<(), LogError> {
        self.with(|group, id, all| group.release(id, partitions, all));
        Ok(())
    }

    fn commit(&mut self, commits: &[CommitAt]) -> Result<(), LogError> {
        let mut state = self.cluster.lock();
        let State { groups, faults, .. } = &mut *state;
        let Some(group) = groups.get_mut(&self.group) else { return Ok(()) };
        let Some(member) = group.members.get_mut(&self.member) else { return Ok(()) };
        let owned = commits.iter().all(|commit| member.held.contains(&commit.partition));
        let answer = match () {
            () if !owned => Err(CommitError::Fenced("not the owner any more".into())),
            () if faults.refused_commits > 0 => {
                faults.refused_commits -= 1;
                Err(CommitError::Retry("the coordinator is loading".into()))
            }
            () => {
                group.committed.extend(commits.iter().map(|commit| (commit.partition, commit.into())));
                Ok(())
            }
        };
        member.answer = Some((Instant::now() + faults.commits_take, LogEvent::Committed(answer)));
        Ok(())
    }

    fn pause(&mut self, partition: i32) -> Result<(), LogError> {
        self.with_member(|member| member.paused.push(partition));
        Ok(())
    }

    fn resume(&mut self, partition: i32) -> Result<(), LogError> {
        self.with_member(|member| member.paused.retain(|paused| *paused != partition));
        Ok(())
    }

    fn leave(&mut self) {
        self.with(|group, id, partitions| {
            if let Some(member) = group.members.get_mut(&id) {
                member.leaving = true;
            }
            group.rebalance(partitions);
        });
    }
}

impl Drop for MemoryLog {
    fn drop(&mut self) {
        self.with(|group, id, partitions| group.vanish(id, partitions));
    }
}

impl Member {
    /// Records that are there, round-robin over the partitions; else an end that was not told yet.
    fn read(&mut self, log: &[Vec<Record>], records: &mut Vec<Record>, at_most: usize) -> Option<LogEvent> {
        let before = records.len();
        for (partition, next) in self.reading.iter_mut().filter(|(partition, _)| !self.paused.contains(partition)) {
            let there = log.get(*partition as usize).map(Vec::as_slice).unwrap_or_default();
            let room = at_most.saturating_sub(records.len() - before);
            let taken = there.iter().skip((*next).max(0) as usize).take(room);
            records.extend(taken.cloned());
            *next = (*next + room as i64).min(there.len() as i64).max(*next);
        }
        if records.len() > before {
            return None;
        }
        let ends = self.reading.iter().map(|(partition, next)| (*partition, *next));
        let (partition, offset) = ends.into_iter().find(|(partition, next)| {
            log.get(*partition as usize).is_some_and(|there| there.len() as i64 == *next)
                && self.told_end.get(partition) != Some(next)
        })?;
        self.told_end.insert(partition, offset);
        Some(LogEvent::End { partition, offset })
    }
}

impl From<&CommitAt> for CommittedAt {
    fn from(commit: &CommitAt) -> Self {
        CommittedAt {
            partition: commit.partition,
            offset: Some(commit.offset),
            leader_epoch: commit.leader_epoch,
            metadata: Some(commit.metadata.clone().into_bytes()),
        }
    }
}

fn partitions_of(state: &State, topic: &str) -> i32 {
    state.topics.get(topic).map_or(0, |topic| topic.partitions.len() as i32)
}
