//! One group: its stage, its generation, its members, and the ids that were given out but not used yet.
//!
//! The moves are in the files named after the events: `join`, `takeover`, `sync`, `heartbeat`, `leave`, `commit`,
//! `timers`; `rebalance` has what several of them lead to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::roster::Roster;
use super::stage::Stage;
use super::step::Step;
use super::{GroupError, GroupSnapshot, GroupWrite, Joined, MemberSnapshot, Phase, Synced};

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub id: Arc<str>,
    pub stage: Stage,
    pub generation: i32,
    /// Stays when the group becomes empty, as Kafka has it; the next first member sets it anew.
    pub protocol_type: Option<String>,
    pub protocol: Option<String>,
    pub roster: Roster,
    /// Ids given out under KIP-394, with the time they expire.
    pub pending: BTreeMap<String, u64>,
    /// Whether the journal knows the group at all.
    pub durable: bool,
    /// Whether the durable part differs from what was last persisted.
    pub unsaved: bool,
}

impl Group {
    pub fn new(id: Arc<str>, now_ms: u64) -> Group {
        Group {
            id,
            stage: Stage::Empty { since_ms: now_ms },
            generation: 0,
            protocol_type: None,
            protocol: None,
            roster: Roster::default(),
            pending: BTreeMap::new(),
            durable: false,
            unsaved: false,
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self.stage, Stage::Empty { .. })
    }

    /// Nothing would be lost by forgetting it.
    pub fn has_no_trace(&self) -> bool {
        self.is_empty() && self.pending.is_empty() && !self.durable
    }

    /// G1: the member is who it says, and the generation is the live one and its own.
    pub fn validate(&self, member_id: &str, instance_id: Option<&str>, generation: i32) -> Result<(), GroupError> {
        self.roster.validate(member_id, instance_id)?;
        let is_in = self.roster.get(member_id).is_some_and(|member| member.in_generation);
        if is_in && generation == self.generation { Ok(()) } else { Err(GroupError::IllegalGeneration) }
    }

    /// Persists the durable part. Answers that depend on it come after.
    pub fn save(&mut self, cx: &mut Step) {
        self.durable = true;
        self.unsaved = false;
        cx.persist(GroupWrite::Changed(self.snapshot()));
    }

    /// Members that are only on their way into the next generation are left out: whether they are in it is not decided.
    pub fn snapshot(&self) -> GroupSnapshot {
        let members: Vec<MemberSnapshot> = self
            .roster
            .iter()
            .filter(|member| member.in_generation)
            .map(|member| MemberSnapshot {
                member_id: member.id.clone(),
                instance_id: member.instance_id.clone(),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                session_timeout_ms: member.session_timeout_ms,
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                protocols: member.protocols.clone(),
                assignment: member.assignment.clone(),
            })
            .collect();
        let leader = self.roster.leader().filter(|id| members.iter().any(|member| member.member_id == *id));
        GroupSnapshot {
            group: self.id.to_string(),
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            generation: self.generation,
            leader: leader.map(str::to_owned),
            phase: match self.stage {
                Stage::Empty { .. } | Stage::Stable { .. } => Phase::Assigned,
                Stage::Completing { .. } => Phase::AwaitingAssignment,
                Stage::Preparing { .. } => Phase::Rebalancing,
            },
            members,
        }
    }

    /// The answer to a member's join of the current generation. Only the leader learns of the others.
    pub fn joined(&self, member_id: &str) -> Joined {
        let leads = self.roster.leads(member_id);
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.roster.leader().unwrap_or_default().to_owned(),
            member_id: member_id.to_owned(),
            skip_assignment: false,
            members: if leads { self.roster.subscriptions(self.protocol.as_deref()) } else { Vec::new() },
        }
    }

    /// The answer to a member's sync in the current generation.
    pub fn synced(&self, member_id: &str) -> Synced {
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: self.roster.get(member_id).map(|member| member.assignment.clone()).unwrap_or_default(),
        }
    }
}
