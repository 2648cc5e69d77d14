//! One member of a group of the cluster in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cluster::{MemoryCluster, Partition, State};
use super::group::{Group, Member};
use crate::log::{Bounds, CommitAt, CommitError, CommittedAt, Holder, Log, LogError, LogEvent};
use crate::record::{Record, TopicId};

/// A member of a group. Dropped without [`Log::leave`], it vanishes as a killed process would.
pub struct MemoryLog {
    cluster: MemoryCluster,
    group: (String, String),
    member: u64,
    /// Asked for the topic's id, and not told.
    asks_id: bool,
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
        MemoryLog { cluster: cluster.clone(), group: key, member, asks_id: false }
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
        if self.cluster.refuses_bounds() {
            return Err(LogError::Unreachable("the partition has no leader".into()));
        }
        let state = self.cluster.lock();
        let topic = state.topics.get(&self.group.1).ok_or_else(|| LogError::NoTopic(self.group.1.clone()))?;
        let bounds = |partition: &Partition| Bounds { earliest: partition.earliest, end: partition.end() };
        Ok(topic.partitions.get(partition as usize).map_or(Bounds { earliest: 0, end: 0 }, bounds))
    }

    fn offset_for_time(&mut self, partition: i32, timestamp_ms: i64, _: Duration) -> Result<i64, LogError> {
        let state = self.cluster.lock();
        let partition = state.topics.get(&self.group.1).and_then(|topic| topic.partitions.get(partition as usize));
        let Some(partition) = partition else { return Ok(0) };
        let late = |record: &&Record| record.timestamp_ms.is_some_and(|at| at >= timestamp_ms);
        Ok(partition.records.iter().find(late).map_or(partition.end(), |record| record.offset))
    }

    fn partitions(&mut self, _: Duration) -> Result<Vec<i32>, LogError> {
        let state = self.cluster.lock();
        if !state.topics.contains_key(&self.group.1) {
            return Err(LogError::NoTopic(self.group.1.to_string()));
        }
        Ok((0..partitions_of(&state, &self.group.1)).collect())
    }

    fn ask_topic_id(&mut self) {
        self.asks_id = true;
        self.cluster.lock().faults.asked_ids += 1;
    }

    fn told_topic_id(&mut self, _: Duration) -> Result<Option<TopicId>, LogError> {
        let state = self.cluster.lock();
        if !self.asks_id || state.faults.holds_ids {
            return Ok(None);
        }
        self.asks_id = false;
        let topic = state.topics.get(&self.group.1).ok_or_else(|| LogError::NoTopic(self.group.1.clone()))?;
        Ok(Some(topic.id))
    }

    fn holders(&mut self, _: Duration) -> Result<Vec<Holder>, LogError> {
        let state = self.cluster.lock();
        let members = state.groups.get(&self.group).map(|group| &group.members);
        let holder = |(id, member): (&u64, &Member)| Holder {
            member: format!("member-{id}"),
            client: "memory".into(),
            host: "this process".into(),
            partitions: member.held.clone(),
        };
        Ok(members.into_iter().flatten().map(holder).collect())
    }

    fn is_sharing(&mut self, _: Duration) -> Result<bool, LogError> {
        Ok(self.with(|group, _, _| group.rebalancing).unwrap_or_default())
    }

    fn start(&mut self, at: &[(i32, i64)]) -> Result<(), LogError> {
        if self.cluster.refuses_start() {
            return Err(LogError::Unreachable("the partition has no leader".into()));
        }
        self.with_member(|member| {
            for (partition, offset) in at {
                member.forget(*partition);
                member.reading.insert(*partition, *offset);
            }
        });
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
        let owned = !member.lost && commits.iter().all(|commit| member.held.contains(&commit.partition));
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
    /// Records that are there, partition by partition; else what is to be said of one.
    fn read(&mut self, log: &[Partition], records: &mut Vec<Record>, at_most: usize) -> Option<LogEvent> {
        let before = records.len();
        let (mut strayed, mut ended) = (None, None);
        for (at, next) in &mut self.reading {
            if self.paused.contains(at) {
                continue;
            }
            let Some(partition) = log.get(*at as usize) else { continue };
            let Some(there) = partition.from(*next) else {
                strayed = Some((*at, *next));
                continue;
            };
            let room = at_most.saturating_sub(records.len() - before).min(there.len());
            records.extend_from_slice(&there[..room]);
            *next = match room < there.len() {
                true => there[room].offset,
                false => partition.end(),
            };
            if *next == partition.end() && self.told_end.get(at) != Some(next) {
                ended = Some((*at, *next));
            }
        }
        if let Some((partition, offset)) = strayed {
            self.reading.remove(&partition);
            let reason = format!("offset {offset} is out of range");
            return Some(LogEvent::OutOfRange { partition, reason });
        }
        if records.len() > before {
            return None;
        }
        let (partition, offset) = ended?;
        self.told_end.insert(partition, offset);
        Some(LogEvent::End { partition, offset })
    }

    /// Nothing of an earlier stay of the partition holds for the next one.
    pub(super) fn forget(&mut self, partition: i32) {
        self.reading.remove(&partition);
        self.told_end.remove(&partition);
        self.paused.retain(|paused| *paused != partition);
        self.events.retain(|event| !matches!(event, LogEvent::End { partition: of, .. } if *of == partition));
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
