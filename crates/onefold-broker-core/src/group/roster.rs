//! The members of one group: who they are, who leads, which static name belongs to whom, and what they all support.
//!
//! The maps always agree with each other: that is why they are only reached through these functions. Members are kept by
//! id, so that two runs from one history give one result.

use std::collections::BTreeMap;

use super::GroupError;
use super::member::Member;
use super::{JoinedMember, Protocol};

#[derive(Debug, Clone, Default)]
pub(super) struct Roster {
    members: BTreeMap<String, Member>,
    /// `group.instance.id` to member id.
    static_ids: BTreeMap<String, String>,
    /// How many members support each protocol; no zeros.
    support: BTreeMap<String, usize>,
    leader: Option<String>,
}

impl Roster {
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn get(&self, member_id: &str) -> Option<&Member> {
        self.members.get(member_id)
    }

    /// For what changes neither the id, nor the instance id, nor the protocols.
    pub fn get_mut(&mut self, member_id: &str) -> Option<&mut Member> {
        self.members.get_mut(member_id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.values_mut()
    }

    pub fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }

    pub fn leads(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    pub fn static_id(&self, instance_id: &str) -> Option<&str> {
        self.static_ids.get(instance_id).map(String::as_str)
    }

    /// The first member leads.
    pub fn insert(&mut self, member: Member) {
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_ids.insert(instance_id.clone(), member.id.clone());
        }
        self.count(&member.protocols);
        self.members.insert(member.id.clone(), member);
    }

    /// If it led, another leads until the next election.
    pub fn remove(&mut self, member_id: &str) -> Option<Member> {
        let member = self.members.remove(member_id)?;
        self.discount(&member.protocols);
        if let Some(instance_id) = &member.instance_id {
            self.static_ids.remove(instance_id);
        }
        if self.leads(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }

    /// The static member goes on under a new id, as leader if it was.
    pub fn rename(&mut self, old_id: &str, new_id: String) {
        let led = self.leads(old_id);
        if let Some(mut member) = self.remove(old_id) {
            member.id.clone_from(&new_id);
            self.insert(member);
            if led {
                self.leader = Some(new_id);
            }
        }
    }

    pub fn set_protocols(&mut self, member_id: &str, protocols: Vec<Protocol>) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        let old = std::mem::replace(&mut member.protocols, protocols.clone());
        self.discount(&old);
        self.count(&protocols);
    }

    /// KIP-345: whoever names an instance id must be its present owner.
    pub fn validate(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), GroupError> {
        if let Some(instance_id) = instance_id {
            let owner = self.static_id(instance_id).ok_or(GroupError::UnknownMemberId)?;
            if owner != member_id {
                return Err(GroupError::FencedInstanceId);
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(GroupError::UnknownMemberId) }
    }

    pub fn joined(&self) -> usize {
        self.iter().filter(|member| member.join.has_come()).count()
    }

    /// Keeps the leader if it waits to hear that it leads, else takes the first member that does, else the first whose
    /// connection broke since it joined. False when nobody has joined.
    pub fn elect_joined_leader(&mut self) -> bool {
        let waits = |member: &&Member| member.join.waiting().is_some();
        if self.leader().and_then(|id| self.get(id)).as_ref().is_some_and(waits) {
            return true;
        }
        let came = |member: &&Member| member.join.has_come();
        let next = self.iter().find(waits).or_else(|| self.iter().find(came)).map(|member| member.id.clone());
        let Some(next) = next else { return false };
        self.leader = Some(next);
        true
    }

    /// After a restart: the leader the journal names, if it is still a member.
    pub fn set_leader(&mut self, member_id: &str) {
        if self.members.contains_key(member_id) {
            self.leader = Some(member_id.to_owned());
        }
    }

    pub fn all_support(&self, protocol: &str) -> bool {
        self.support.get(protocol).copied().unwrap_or(0) == self.len()
    }

    /// Each member votes for the first of its protocols that all support. Most votes win; between equals, the leader's
    /// order decides.
    pub fn vote(&self) -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.iter() {
            if let Some(choice) = member.protocols.iter().find(|protocol| self.all_support(&protocol.name)) {
                *votes.entry(choice.name.as_str()).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        let leader = self.leader().and_then(|id| self.get(id))?;
        let winner = leader.protocols.iter().find(|protocol| votes.get(protocol.name.as_str()) == Some(&most));
        winner
            .map(|protocol| protocol.name.clone())
            .or_else(|| votes.iter().find(|(_, count)| **count == most).map(|(name, _)| (*name).to_owned()))
    }

    /// What the leader is told about everyone.
    pub fn subscriptions(&self, protocol: Option<&str>) -> Vec<JoinedMember> {
        self.iter()
            .map(|member| JoinedMember {
                member_id: member.id.clone(),
                instance_id: member.instance_id.clone(),
                metadata: member.metadata(protocol),
            })
            .collect()
    }

    pub fn longest_rebalance_timeout_ms(&self) -> i32 {
        self.iter().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }

    pub fn bytes(&self) -> usize {
        self.iter().map(Member::bytes).sum()
    }

    fn count(&mut self, protocols: &[Protocol]) {
        for name in distinct(protocols) {
            *self.support.entry(name.to_owned()).or_default() += 1;
        }
    }

    fn discount(&mut self, protocols: &[Protocol]) {
        for name in distinct(protocols) {
            if let Some(count) = self.support.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    self.support.remove(name);
                }
            }
        }
    }
}

/// A member that names one protocol twice still supports it once.
fn distinct(protocols: &[Protocol]) -> impl Iterator<Item = &str> {
    protocols.iter().enumerate().filter_map(|(at, protocol)| {
        let repeated = protocols[..at].iter().any(|earlier| earlier.name == protocol.name);
        (!repeated).then_some(protocol.name.as_str())
    })
}
