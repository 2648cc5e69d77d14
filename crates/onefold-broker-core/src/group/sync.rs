//! SyncGroup: the leader hands in the assignment, everyone fetches theirs.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::event::detached;
use super::group::Group;
use super::limits;
use super::member::Turn;
use super::stage::Stage;
use super::step::Step;
use super::{GroupError, GroupReply, SyncRequest, Token};

impl Group {
    pub fn sync(&mut self, cx: &mut Step, token: Token, request: SyncRequest) {
        if let Err(error) = self.check_sync(&request) {
            return cx.refuse_sync(&self.id, token, error);
        }
        match self.stage {
            Stage::Empty { .. } => cx.refuse_sync(&self.id, token, GroupError::UnknownMemberId),
            Stage::Preparing { .. } => cx.refuse_sync(&self.id, token, GroupError::RebalanceInProgress),
            Stage::Completing { .. } => self.sync_before_assignment(cx, token, request),
            Stage::Stable { .. } => self.sync_after_assignment(cx, token, &request.member_id),
        }
    }

    fn check_sync(&self, request: &SyncRequest) -> Result<(), GroupError> {
        self.validate(&request.member_id, request.instance_id.as_deref(), request.generation)?;
        let contradicts =
            |asked: &Option<String>, own: &Option<String>| asked.is_some() && own.is_some() && asked != own;
        if contradicts(&request.protocol_type, &self.protocol_type)
            || contradicts(&request.protocol_name, &self.protocol)
        {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        Ok(())
    }

    fn sync_before_assignment(&mut self, cx: &mut Step, token: Token, request: SyncRequest) {
        let leads = self.roster.leads(&request.member_id);
        if leads && let Err(error) = limits::check_assignments(&self.roster, &request.assignments, cx) {
            return cx.refuse_sync(&self.id, token, error);
        }
        let Some(member) = self.roster.get_mut(&request.member_id) else { return };
        if let Some(earlier) = member.sync.take_waiting() {
            cx.refuse_sync(&self.id, earlier, GroupError::RebalanceInProgress);
        }
        member.sync = Turn::Waiting(token);
        member.restart_clock(cx);
        if leads {
            self.assign(cx, request.assignments);
        }
    }

    /// The bytes are passed on as they are. A member that the leader left out gets none.
    fn assign(&mut self, cx: &mut Step, assignments: Vec<(String, Bytes)>) {
        let mut by_member: BTreeMap<String, Bytes> = assignments.into_iter().collect();
        let mut answers: Vec<(String, Token)> = Vec::new();
        for member in self.roster.iter_mut() {
            member.assignment = by_member.remove(&member.id).map(|bytes| detached(&bytes)).unwrap_or_default();
            if let Some(token) = member.sync.take_waiting() {
                answers.push((member.id.clone(), token));
                member.restart_clock(cx);
            }
        }
        self.stage = Stage::Stable { sync_by_ms: self.stage.deadline_ms() };
        self.end_sync_when_all_have();
        self.save(cx);
        for (member_id, token) in answers {
            let synced = self.synced(&member_id);
            cx.reply(&self.id, token, GroupReply::Sync(Ok(synced)));
        }
    }

    fn sync_after_assignment(&mut self, cx: &mut Step, token: Token, member_id: &str) {
        if let Some(member) = self.roster.get_mut(member_id) {
            member.sync = Turn::Done;
            member.restart_clock(cx);
        }
        self.end_sync_when_all_have();
        let synced = self.synced(member_id);
        cx.reply(&self.id, token, GroupReply::Sync(Ok(synced)));
    }

    fn end_sync_when_all_have(&mut self) {
        if self.roster.iter().all(|member| member.sync.has_come()) {
            self.stage = Stage::Stable { sync_by_ms: None };
        }
    }
}
