//! LeaveGroup: members go, of their own will or by an administrator's.

use super::group::Group;
use super::step::Step;
use super::{GroupError, GroupReply, LeaveRequest, Leaver, Left, Token};

impl Group {
    /// What was answered is durable: a member that has left does not come back with a restart, holding its partitions for
    /// another session.
    pub fn leave(&mut self, cx: &mut Step, token: Token, request: LeaveRequest) {
        let mut left = Vec::with_capacity(request.members.len());
        for leaver in request.members {
            let result = self.leave_one(cx, &leaver);
            left.push(Left { member_id: leaver.member_id, instance_id: leaver.instance_id, result });
        }
        if left.iter().any(|one| one.result.is_ok()) {
            self.rebalance_without(cx);
        }
        if self.unsaved {
            self.save(cx);
        }
        cx.reply(&self.id, token, GroupReply::Leave(Ok(left)));
    }

    fn leave_one(&mut self, cx: &mut Step, leaver: &Leaver) -> Result<(), GroupError> {
        if self.pending.remove(&leaver.member_id).is_some() {
            return Ok(());
        }
        let member_id = match &leaver.instance_id {
            // An administrator names the instance only.
            Some(instance_id) if leaver.member_id.is_empty() => {
                self.roster.static_id(instance_id).ok_or(GroupError::UnknownMemberId)?.to_owned()
            }
            _ => {
                self.roster.validate(&leaver.member_id, leaver.instance_id.as_deref())?;
                leaver.member_id.clone()
            }
        };
        self.remove(cx, &member_id);
        Ok(())
    }

    /// Takes the member out and answers what it waits for: it must begin anew, without an id.
    pub fn remove(&mut self, cx: &mut Step, member_id: &str) {
        let Some(mut member) = self.roster.remove(member_id) else { return };
        self.unsaved |= member.in_generation;
        if let Some(token) = member.join.take_waiting() {
            cx.refuse_join(&self.id, token, GroupError::UnknownMemberId, "");
        }
        if let Some(token) = member.sync.take_waiting() {
            cx.refuse_sync(&self.id, token, GroupError::UnknownMemberId);
        }
    }
}
