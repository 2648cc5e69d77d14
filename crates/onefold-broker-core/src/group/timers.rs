//! What passing time does: ids that nobody used, members that went silent, stages that took too long; and lost connections.

use super::Token;
use super::group::Group;
use super::member::Turn;
use super::stage::Stage;
use super::step::Step;

impl Group {
    /// When time must be looked at again, at the latest. Heartbeats move it later without anyone counting again.
    pub fn earliest_ms(&self) -> Option<u64> {
        let pending = self.pending.values().copied();
        let members = self.roster.iter().filter_map(|member| member.expires_ms);
        pending.chain(members).chain(self.stage.deadline_ms()).min()
    }

    pub fn expire(&mut self, cx: &mut Step) {
        self.expire_pending(cx);
        self.expire_members(cx);
        if self.stage.deadline_ms().is_some_and(|deadline_ms| deadline_ms <= cx.now_ms) {
            self.expire_stage(cx);
        }
    }

    /// The request gets no answer. Its member's turn is taken all the same, and its session begins to run; one whose id
    /// nobody knows can never come back, and holds nobody up.
    pub fn disconnected(&mut self, cx: &mut Step, token: Token) {
        let lost = |turn: Turn| turn.waiting() == Some(token);
        let Some(member) = self.roster.iter_mut().find(|member| lost(member.join) || lost(member.sync)) else { return };
        for turn in [&mut member.join, &mut member.sync] {
            if turn.waiting() == Some(token) {
                *turn = Turn::Done;
            }
        }
        member.restart_clock(cx);
        if !member.told && member.instance_id.is_none() {
            let member_id = member.id.clone();
            self.remove(cx, &member_id);
            self.rebalance_without(cx);
        }
    }

    fn expire_pending(&mut self, cx: &mut Step) {
        let before = self.pending.len();
        self.pending.retain(|_, expires_ms| *expires_ms > cx.now_ms);
        if self.pending.len() < before {
            self.complete_if_all_joined(cx);
        }
    }

    fn expire_members(&mut self, cx: &mut Step) {
        let is_gone = |expires_ms: Option<u64>| expires_ms.is_some_and(|expires_ms| expires_ms <= cx.now_ms);
        let gone: Vec<String> =
            self.roster.iter().filter(|member| is_gone(member.expires_ms)).map(|member| member.id.clone()).collect();
        for member_id in &gone {
            self.remove(cx, member_id);
        }
        if !gone.is_empty() {
            self.rebalance_without(cx);
        }
    }

    fn expire_stage(&mut self, cx: &mut Step) {
        match &mut self.stage {
            Stage::Empty { .. } => {}
            Stage::Preparing { until_ms, initial: Some(initial) } if initial.grew && *until_ms < initial.latest_ms => {
                initial.grew = false;
                *until_ms = (cx.now_ms + cx.settings.initial_rebalance_delay_ms).min(initial.latest_ms);
            }
            Stage::Preparing { .. } => self.complete(cx),
            Stage::Completing { .. } | Stage::Stable { .. } => self.drop_unsynced(cx),
        }
    }

    /// Members that never fetched their assignment do not work on it either.
    fn drop_unsynced(&mut self, cx: &mut Step) {
        let unsynced: Vec<String> =
            self.roster.iter().filter(|member| !member.sync.has_come()).map(|member| member.id.clone()).collect();
        for member_id in &unsynced {
            self.remove(cx, member_id);
        }
        self.rebalance_without(cx);
    }
}
