//! Heartbeat: the member lives; and it learns of a rebalance.

use super::group::Group;
use super::stage::Stage;
use super::step::Step;
use super::{GroupError, HeartbeatRequest};

impl Group {
    /// Only ever moves a deadline later: the coordinator relies on that and leaves its timers alone.
    pub fn heartbeat(&mut self, cx: &Step, request: &HeartbeatRequest) -> Result<(), GroupError> {
        self.validate(&request.member_id, request.instance_id.as_deref(), request.generation)?;
        self.touch(cx, &request.member_id);
        match self.stage {
            Stage::Preparing { .. } => Err(GroupError::RebalanceInProgress),
            // While the assignment is being made a heartbeat is as good as any: members may begin right after their join.
            Stage::Empty { .. } | Stage::Completing { .. } | Stage::Stable { .. } => Ok(()),
        }
    }

    /// The member has shown that it lives.
    pub fn touch(&mut self, cx: &Step, member_id: &str) {
        if let Some(member) = self.roster.get_mut(member_id) {
            member.restart_clock(cx);
        }
    }
}
