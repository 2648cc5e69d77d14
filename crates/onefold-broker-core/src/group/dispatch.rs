//! Each event to its group; and the answers that need none, because the group is not there or may not be.

use super::coordinator::Coordinator;
use super::limits;
use super::{
    CommitRequest, GroupEffect, GroupError, GroupEvent, GroupReply, HeartbeatRequest, JoinRefused, JoinRequest,
    LeaveRequest, Leaver, Left, SyncRequest, Token,
};

impl Coordinator {
    /// Lets one event happen. The effects are appended to `out`: [`Coordinator::perform`] them before the next call.
    pub fn step(&mut self, now_ms: u64, event: GroupEvent, out: &mut Vec<GroupEffect>) {
        match event {
            GroupEvent::Join { token, request } => self.join(now_ms, token, request, out),
            GroupEvent::Sync { token, request } => self.sync(now_ms, token, request, out),
            GroupEvent::Heartbeat { token, request } => self.heartbeat(now_ms, token, &request, out),
            GroupEvent::Leave { token, request } => self.leave(now_ms, token, request, out),
            GroupEvent::Disconnected { group, token } => {
                self.with(now_ms, &group, out, |group, cx| group.disconnected(cx, token));
            }
            GroupEvent::Tick => self.tick(now_ms, out),
        }
    }

    /// Whether these offsets may be committed. If so, perform the effects and sequence the offsets under the same lock: a
    /// group that did not exist comes to be with its first commit.
    ///
    /// Kafka lets the group id be empty here, for old consumers that are no members.
    pub fn check_commit(
        &mut self,
        now_ms: u64,
        request: &CommitRequest,
        out: &mut Vec<GroupEffect>,
    ) -> Result<(), GroupError> {
        if let Some(result) = self.with_lightly(now_ms, &request.group, |group, cx| group.check_commit(cx, request)) {
            return result;
        }
        if request.generation >= 0 {
            let is_known = request.knows_group_id_not_found && request.kind == super::CommitKind::Plain;
            return Err(if is_known { GroupError::GroupIdNotFound } else { GroupError::IllegalGeneration });
        }
        self.create(now_ms, &request.group)?;
        self.with(now_ms, &request.group, out, |group, cx| group.save(cx));
        Ok(())
    }

    fn join(&mut self, now_ms: u64, token: Token, request: JoinRequest, out: &mut Vec<GroupEffect>) {
        let name = request.group.clone();
        if let Err(error) = self.find_to_join(now_ms, &request) {
            let refused = JoinRefused { error, member_id: request.member_id };
            return reply(out, &name, token, GroupReply::Join(Err(refused)));
        }
        self.with(now_ms, &name, out, |group, cx| group.join(cx, token, request));
    }

    /// Only who has no id yet can begin a group: an id that nobody knows is one that was forgotten.
    fn find_to_join(&mut self, now_ms: u64, request: &JoinRequest) -> Result<(), GroupError> {
        limits::check_join(request, &self.settings)?;
        if self.groups.contains_key(request.group.as_str()) {
            return Ok(());
        }
        if !request.member_id.is_empty() {
            return Err(GroupError::UnknownMemberId);
        }
        self.create(now_ms, &request.group)
    }

    fn sync(&mut self, now_ms: u64, token: Token, request: SyncRequest, out: &mut Vec<GroupEffect>) {
        let name = request.group.clone();
        match self.check_known(&name) {
            Ok(()) => {
                self.with(now_ms, &name, out, |group, cx| group.sync(cx, token, request));
            }
            Err(error) => reply(out, &name, token, GroupReply::Sync(Err(error))),
        }
    }

    fn heartbeat(&mut self, now_ms: u64, token: Token, request: &HeartbeatRequest, out: &mut Vec<GroupEffect>) {
        let result = self.check_known(&request.group).and_then(|()| {
            let result = self.with_lightly(now_ms, &request.group, |group, cx| group.heartbeat(cx, request));
            result.unwrap_or(Err(GroupError::UnknownMemberId))
        });
        reply(out, &request.group, token, GroupReply::Heartbeat(result));
    }

    fn leave(&mut self, now_ms: u64, token: Token, request: LeaveRequest, out: &mut Vec<GroupEffect>) {
        let name = request.group.clone();
        match self.check_known(&name) {
            Ok(()) => {
                self.with(now_ms, &name, out, |group, cx| group.leave(cx, token, request));
            }
            Err(GroupError::UnknownMemberId) => {
                let left = request.members.into_iter().map(unknown).collect();
                reply(out, &name, token, GroupReply::Leave(Ok(left)));
            }
            Err(error) => reply(out, &name, token, GroupReply::Leave(Err(error))),
        }
    }

    /// Where there is no group there is no member.
    fn check_known(&self, name: &str) -> Result<(), GroupError> {
        if name.is_empty() {
            return Err(GroupError::InvalidGroupId);
        }
        if self.groups.contains_key(name) { Ok(()) } else { Err(GroupError::UnknownMemberId) }
    }
}

fn unknown(member: Leaver) -> Left {
    let result = Err(GroupError::UnknownMemberId);
    Left { member_id: member.member_id, instance_id: member.instance_id, result }
}

fn reply(out: &mut Vec<GroupEffect>, group: &str, token: Token, reply: GroupReply) {
    out.push(GroupEffect::Reply { token, group: group.into(), reply });
}
