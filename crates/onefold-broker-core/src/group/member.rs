//! One member of a group and its clock.

use bytes::Bytes;

use super::step::Step;
use super::{JoinRequest, Protocol, Token};

/// Where a member stands in a phase that needs every member: joining the next generation, or asking for its assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has not asked yet.
    Owed,
    /// Its request waits for an answer.
    Waiting(Token),
    /// It has asked, and nobody waits: it was answered, or its connection is gone.
    Done,
}

impl Turn {
    pub fn has_come(self) -> bool {
        self != Turn::Owed
    }

    pub fn waiting(self) -> Option<Token> {
        match self {
            Turn::Waiting(token) => Some(token),
            Turn::Owed | Turn::Done => None,
        }
    }

    /// The request to answer, once.
    pub fn take_waiting(&mut self) -> Option<Token> {
        let token = self.waiting()?;
        *self = Turn::Done;
        Some(token)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    pub protocols: Vec<Protocol>,
    pub assignment: Bytes,
    /// Whether it belongs to the current generation. One that joined during a rebalance does not yet: it can neither
    /// commit nor sync in a generation that it was never part of (G1).
    pub in_generation: bool,
    /// Whether its id ever left the broker. If not, only the waiting request speaks for it.
    pub told: bool,
    /// Outside a rebalance: owed.
    pub join: Turn,
    /// Counts only while the generation is being assigned, and until the last member has fetched its assignment.
    pub sync: Turn,
    /// When it counts as gone; none while its request waits here, since it cannot heartbeat then.
    pub expires_ms: Option<u64>,
}

impl Member {
    /// A member that joins with this request, and waits.
    pub fn joining(id: String, request: JoinRequest, token: Token) -> Member {
        Member {
            id,
            told: !request.member_id.is_empty(),
            instance_id: request.instance_id,
            client_id: request.client_id,
            client_host: request.client_host,
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            protocols: request.protocols,
            assignment: Bytes::new(),
            in_generation: false,
            join: Turn::Waiting(token),
            sync: Turn::Done,
            expires_ms: None,
        }
    }

    /// Starts the session again. A member that waits for an answer has no session to lose, except in its first join: a
    /// client that gave up would otherwise hold up every rebalance.
    pub fn restart_clock(&mut self, cx: &Step) {
        let waits = self.join.waiting().is_some() || self.sync.waiting().is_some();
        self.expires_ms = match (waits, self.in_generation) {
            (true, true) => None,
            (true, false) => Some(cx.now_ms + cx.settings.new_member_join_timeout_ms),
            (false, _) => Some(cx.after(self.session_timeout_ms)),
        };
    }

    /// The subscription under this protocol; empty if it does not support it.
    pub fn metadata(&self, protocol: Option<&str>) -> Bytes {
        self.protocols
            .iter()
            .find(|supported| Some(supported.name.as_str()) == protocol)
            .map(|supported| supported.metadata.clone())
            .unwrap_or_default()
    }

    /// What the member costs in memory and in a journal record, roughly.
    pub fn bytes(&self) -> usize {
        let names = self.id.len() + self.instance_id.as_ref().map_or(0, String::len);
        let client = self.client_id.len() + self.client_host.len();
        size_of::<Member>() + names + client + protocol_bytes(&self.protocols) + self.assignment.len()
    }
}

pub(super) fn protocol_bytes(protocols: &[Protocol]) -> usize {
    protocols.iter().map(|one| size_of::<Protocol>() + one.name.len() + one.metadata.len()).sum()
}
