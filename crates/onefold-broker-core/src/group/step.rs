//! What the decisions of one event share: the time, the bounds, and where their effects go.

use std::sync::Arc;

use super::{GroupEffect, GroupError, GroupReply, GroupSettings, GroupWrite, JoinRefused, Token};

pub(super) struct Step<'a> {
    pub now_ms: u64,
    pub settings: &'a GroupSettings,
    /// How many bytes of subscriptions and assignments all groups together may still take.
    pub room: usize,
    pub out: &'a mut Vec<GroupEffect>,
}

impl Step<'_> {
    pub fn persist(&mut self, write: GroupWrite) {
        self.out.push(GroupEffect::Persist(write));
    }

    pub fn reply(&mut self, group: &Arc<str>, token: Token, reply: GroupReply) {
        self.out.push(GroupEffect::Reply { token, group: group.clone(), reply });
    }

    pub fn refuse_join(&mut self, group: &Arc<str>, token: Token, error: GroupError, member_id: &str) {
        let refused = JoinRefused { error, member_id: member_id.to_owned() };
        self.reply(group, token, GroupReply::Join(Err(refused)));
    }

    pub fn refuse_sync(&mut self, group: &Arc<str>, token: Token, error: GroupError) {
        self.reply(group, token, GroupReply::Sync(Err(error)));
    }

    /// A deadline that lies ahead, whatever a client sent as its timeout.
    pub fn after(&self, timeout_ms: i32) -> u64 {
        self.now_ms + u64::try_from(timeout_ms).unwrap_or(0).max(1)
    }
}
