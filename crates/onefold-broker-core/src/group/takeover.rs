//! A static member comes back under a new member id (KIP-345): the old id is fenced, the assignment stays.

use super::group::Group;
use super::stage::Stage;
use super::step::Step;
use super::{GroupError, GroupReply, JoinRequest, Token};

impl Group {
    /// In a stable group nothing else happens, unless the member's new protocols would change the vote. In a rebalance the
    /// member joins it; while the assignment is being made it must be made again, since the leader knows the old id.
    pub fn take_over(&mut self, cx: &mut Step, token: Token, request: JoinRequest, old_id: &str, new_id: String) {
        let old_leader = self.roster.leader().unwrap_or_default().to_owned();
        self.fence(cx, old_id);
        self.roster.rename(old_id, new_id.clone());
        let may_skip_assignment = request.may_skip_assignment;
        self.join_again(cx, token, &new_id, request);
        self.unsaved |= self.roster.get(&new_id).is_some_and(|member| member.in_generation);

        let keeps = matches!(self.stage, Stage::Stable { .. }) && self.roster.vote() == self.protocol;
        if keeps {
            self.go_on_as(cx, token, &new_id, may_skip_assignment, old_leader);
        } else {
            self.rebalance(cx);
        }
        if self.unsaved {
            self.save(cx);
        }
    }

    /// Whoever still waits under the old id is told that it was replaced.
    fn fence(&mut self, cx: &mut Step, old_id: &str) {
        let Some(member) = self.roster.get_mut(old_id) else { return };
        if let Some(token) = member.join.take_waiting() {
            cx.refuse_join(&self.id, token, GroupError::FencedInstanceId, old_id);
        }
        if let Some(token) = member.sync.take_waiting() {
            cx.refuse_sync(&self.id, token, GroupError::FencedInstanceId);
        }
    }

    /// KIP-814: a leader that may skip the assignment is told that it leads. An older client would assign anew, which
    /// nobody asked for; it is named the old leader, so that it takes itself for a follower.
    fn go_on_as(&mut self, cx: &mut Step, token: Token, new_id: &str, may_skip: bool, old_leader: String) {
        if let Some(member) = self.roster.get_mut(new_id) {
            member.join = super::member::Turn::Owed;
            member.told = true;
            member.restart_clock(cx);
        }
        self.save(cx);
        let mut joined = self.joined(new_id);
        if may_skip {
            joined.skip_assignment = self.roster.leads(new_id);
        } else {
            joined.leader = old_leader;
            joined.members = Vec::new();
        }
        cx.reply(&self.id, token, GroupReply::Join(Ok(joined)));
    }
}
