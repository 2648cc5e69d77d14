//! From one generation to the next: call everyone to join again, wait, and begin the generation with whoever came.

use bytes::Bytes;

use super::group::Group;
use super::member::Turn;
use super::stage::{Initial, Stage};
use super::step::Step;
use super::{GroupError, GroupReply, Token};

/// Between two looks at a group whose members are all absent, however short their own timeouts are.
const SHORTEST_PAUSE_MS: i32 = 1_000;

impl Group {
    /// After someone joined or changed: begin a rebalance, or see whether the running one is complete.
    pub fn rebalance(&mut self, cx: &mut Step) {
        match self.stage {
            Stage::Preparing { .. } => self.complete_if_all_joined(cx),
            Stage::Empty { .. } => self.prepare_first(cx),
            Stage::Completing { .. } | Stage::Stable { .. } => self.prepare(cx),
        }
    }

    /// After someone was removed.
    pub fn rebalance_without(&mut self, cx: &mut Step) {
        if !self.is_empty() {
            self.rebalance(cx);
        }
    }

    /// Not in the first rebalance of an empty group, which waits for more; nor while an id is out that may still join.
    pub fn complete_if_all_joined(&mut self, cx: &mut Step) {
        let Stage::Preparing { initial, .. } = &self.stage else { return };
        let waits_for_more = initial.is_some() && !self.roster.is_empty();
        if !waits_for_more && self.pending.is_empty() && self.roster.joined() == self.roster.len() {
            self.complete(cx);
        }
    }

    /// Begins the next generation with those who have joined. Static members stay even if absent, until their session
    /// ends (KIP-345); dynamic ones are dropped.
    pub fn complete(&mut self, cx: &mut Step) {
        self.drop_absent();
        if !self.roster.is_empty() && !self.roster.elect_joined_leader() {
            // Only absent static members are left: wait until one comes or their sessions end.
            let until_ms = cx.after(self.roster.longest_rebalance_timeout_ms().max(SHORTEST_PAUSE_MS));
            self.stage = Stage::Preparing { until_ms, initial: None };
            return;
        }
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.protocol = self.roster.vote();
        if self.roster.is_empty() {
            self.stage = Stage::Empty { since_ms: cx.now_ms };
            self.save(cx);
            return;
        }
        self.stage = Stage::Completing { sync_by_ms: cx.after(self.roster.longest_rebalance_timeout_ms()) };
        self.begin_generation(cx);
    }

    fn prepare(&mut self, cx: &mut Step) {
        self.call_back_syncs(cx);
        let until_ms = cx.after(self.roster.longest_rebalance_timeout_ms());
        self.stage = Stage::Preparing { until_ms, initial: None };
        self.complete_if_all_joined(cx);
    }

    fn prepare_first(&mut self, cx: &mut Step) {
        let delay_ms = cx.settings.initial_rebalance_delay_ms;
        if delay_ms == 0 {
            return self.complete(cx);
        }
        let until_ms = cx.now_ms + delay_ms;
        let latest_ms = until_ms.max(cx.after(self.roster.longest_rebalance_timeout_ms()));
        self.stage = Stage::Preparing { until_ms, initial: Some(Initial { latest_ms, grew: false }) };
    }

    /// An assignment that is not given out yet will never be: those who wait for it must join again.
    fn call_back_syncs(&mut self, cx: &mut Step) {
        if !matches!(self.stage, Stage::Completing { .. }) {
            return;
        }
        for member in self.roster.iter_mut() {
            member.assignment = Bytes::new();
            if let Some(token) = member.sync.take_waiting() {
                member.restart_clock(cx);
                cx.refuse_sync(&self.id, token, GroupError::RebalanceInProgress);
            }
        }
    }

    fn drop_absent(&mut self) {
        let absent: Vec<String> = self
            .roster
            .iter()
            .filter(|member| !member.join.has_come() && member.instance_id.is_none())
            .map(|member| member.id.clone())
            .collect();
        for member_id in absent {
            self.roster.remove(&member_id);
        }
    }

    /// The generation is durable before anyone is told of it, so that no number is ever given out twice for different
    /// members: a commit that a crash delayed cannot pass as one of a later generation.
    fn begin_generation(&mut self, cx: &mut Step) {
        let mut answers: Vec<(String, Token)> = Vec::new();
        for member in self.roster.iter_mut() {
            member.in_generation = true;
            member.assignment = Bytes::new();
            if member.join.has_come() {
                member.sync = Turn::Owed;
                answers.extend(member.join.take_waiting().map(|token| (member.id.clone(), token)));
                member.join = Turn::Owed;
                member.restart_clock(cx);
            } else {
                // An absent static member owes nothing: its session, which goes on, is what decides about it.
                member.sync = Turn::Done;
            }
        }
        self.save(cx);
        for (member_id, token) in answers {
            if let Some(member) = self.roster.get_mut(&member_id) {
                member.told = true;
            }
            let joined = self.joined(&member_id);
            cx.reply(&self.id, token, GroupReply::Join(Ok(joined)));
        }
    }
}
