//! JoinGroup: who may come in, and whether their coming starts a rebalance.

use super::event::detached;
use super::group::Group;
use super::limits;
use super::member::{Member, Turn};
use super::stage::Stage;
use super::step::Step;
use super::{GroupError, GroupReply, JoinRequest, Token};

/// Kafka makes member ids of the client's name and a UUID. A client's name may be long, an id should not be.
const LONGEST_NAME_IN_ID: usize = 200;

/// Of a map's entry beside the id itself, and of a group beside its ids: rather too much than too little.
const PENDING_ID_BYTES: usize = 64;
const PENDING_GROUP_BYTES: usize = 512;

impl Group {
    pub fn join(&mut self, cx: &mut Step, token: Token, mut request: JoinRequest) {
        let member_id = request.member_id.clone();
        if let Err(error) = self.admit(cx, &request) {
            return cx.refuse_join(&self.id, token, error, &member_id);
        }
        for protocol in &mut request.protocols {
            protocol.metadata = detached(&protocol.metadata);
        }
        if member_id.is_empty() {
            self.join_new(cx, token, request);
        } else if self.pending.contains_key(&member_id) {
            self.join_pending(cx, token, request);
        } else {
            self.join_known(cx, token, request);
        }
    }

    /// Checks that hold for everyone, in Kafka's order: size, then protocols.
    fn admit(&mut self, cx: &mut Step, request: &JoinRequest) -> Result<(), GroupError> {
        if !self.has_place(request, cx.settings.max_members) {
            return Err(GroupError::GroupMaxSizeReached);
        }
        let supported = match self.stage {
            Stage::Empty { .. } => !request.protocol_type.is_empty() && !request.protocols.is_empty(),
            _ => {
                self.protocol_type.as_deref() == Some(&request.protocol_type)
                    && request.protocols.iter().any(|protocol| self.roster.all_support(&protocol.name))
            }
        };
        if !supported {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        limits::check_room(&self.roster, request, cx)
    }

    /// During a rebalance only those count who have come, so that the last of too many are the ones refused.
    fn has_place(&self, request: &JoinRequest, most: usize) -> bool {
        let returning = match &request.instance_id {
            Some(instance_id) => self.roster.static_id(instance_id).and_then(|id| self.roster.get(id)),
            None => self.roster.get(&request.member_id),
        };
        match self.stage {
            Stage::Empty { .. } => true,
            Stage::Preparing { .. } => {
                returning.is_some_and(|member| member.join.has_come()) || self.roster.joined() < most
            }
            Stage::Completing { .. } | Stage::Stable { .. } => returning.is_some() || self.roster.len() < most,
        }
    }

    fn join_new(&mut self, cx: &mut Step, token: Token, request: JoinRequest) {
        let new_id = member_id(&request);
        if self.roster.get(&new_id).is_some() || self.pending.contains_key(&new_id) {
            // The id is not fresh after all. The client asks again without one.
            return cx.refuse_join(&self.id, token, GroupError::UnknownMemberId, "");
        }
        let owner = request.instance_id.as_deref().and_then(|id| self.roster.static_id(id)).map(str::to_owned);
        match owner {
            Some(old_id) => self.take_over(cx, token, request, &old_id, new_id),
            None if request.instance_id.is_none() && request.requires_member_id => {
                self.give_out(cx, new_id.clone(), &request);
                cx.refuse_join(&self.id, token, GroupError::MemberIdRequired, &new_id);
            }
            None => self.add(cx, token, request, new_id),
        }
    }

    /// What the ids keep that were given out and not used yet. They may be all that keeps the group.
    pub(super) fn pending_bytes(&self) -> usize {
        match self.pending.is_empty() {
            true => 0,
            false => PENDING_GROUP_BYTES + self.pending.keys().map(|id| id.len() + PENDING_ID_BYTES).sum::<usize>(),
        }
    }

    /// KIP-394. Too many ids that nobody uses push out the one that would expire first.
    fn give_out(&mut self, cx: &Step, new_id: String, request: &JoinRequest) {
        if self.pending.len() >= cx.settings.max_members {
            let soonest = self.pending.iter().min_by_key(|(_, expires_ms)| **expires_ms).map(|(id, _)| id.clone());
            soonest.map(|id| self.pending.remove(&id));
        }
        self.pending.insert(new_id, cx.after(request.session_timeout_ms));
    }

    fn join_pending(&mut self, cx: &mut Step, token: Token, request: JoinRequest) {
        if request.instance_id.is_some() {
            // Ids are given out to dynamic members only.
            return cx.refuse_join(&self.id, token, GroupError::UnknownMemberId, &request.member_id);
        }
        let member_id = request.member_id.clone();
        self.pending.remove(&member_id);
        self.add(cx, token, request, member_id);
    }

    fn add(&mut self, cx: &mut Step, token: Token, request: JoinRequest, member_id: String) {
        if self.roster.is_empty() {
            self.protocol_type = Some(request.protocol_type.clone());
        }
        if let Stage::Preparing { initial: Some(initial), .. } = &mut self.stage {
            initial.grew = true;
        }
        let mut member = Member::joining(member_id, request, token);
        member.restart_clock(cx);
        self.roster.insert(member);
        self.rebalance(cx);
    }

    fn join_known(&mut self, cx: &mut Step, token: Token, request: JoinRequest) {
        let member_id = request.member_id.clone();
        if let Err(error) = self.roster.validate(&member_id, request.instance_id.as_deref()) {
            return cx.refuse_join(&self.id, token, error, &member_id);
        }
        if self.is_up_to_date(&member_id, &request) {
            if let Some(member) = self.roster.get_mut(&member_id) {
                member.restart_clock(cx);
            }
            let joined = self.joined(&member_id);
            return cx.reply(&self.id, token, GroupReply::Join(Ok(joined)));
        }
        self.join_again(cx, token, &member_id, request);
        self.rebalance(cx);
    }

    /// Whether the generation it has asked for is the one it has: its answer got lost, or it asks without need. A leader
    /// of a stable group never is: it asks because something it watches, such as a topic's partitions, has changed.
    fn is_up_to_date(&self, member_id: &str, request: &JoinRequest) -> bool {
        let unchanged = || self.roster.get(member_id).is_some_and(|member| member.protocols == request.protocols);
        match self.stage {
            Stage::Empty { .. } | Stage::Preparing { .. } => false,
            Stage::Completing { .. } => unchanged(),
            Stage::Stable { .. } => !self.roster.leads(member_id) && unchanged(),
        }
    }

    /// The member waits for the next generation, with what it now supports. An earlier join of it is answered first.
    pub fn join_again(&mut self, cx: &mut Step, token: Token, member_id: &str, request: JoinRequest) {
        self.roster.set_protocols(member_id, request.protocols);
        let Some(member) = self.roster.get_mut(member_id) else { return };
        if let Some(earlier) = member.join.take_waiting() {
            cx.refuse_join(&self.id, earlier, GroupError::RebalanceInProgress, member_id);
        }
        member.session_timeout_ms = request.session_timeout_ms;
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
        member.client_id = request.client_id;
        member.client_host = request.client_host;
        member.join = Turn::Waiting(token);
        member.restart_clock(cx);
    }
}

fn member_id(request: &JoinRequest) -> String {
    let name = request.instance_id.as_deref().unwrap_or(&request.client_id);
    let end = name.floor_char_boundary(LONGEST_NAME_IN_ID);
    format!("{}-{}", &name[..end], request.fresh_id)
}
