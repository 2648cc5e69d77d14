//! Whether a commit of offsets may pass (G1, O3). The offsets themselves are not the group's business.

use super::group::Group;
use super::stage::Stage;
use super::step::Step;
use super::{CommitKind, CommitRequest, GroupError};

impl Group {
    /// A consumer that is no member (generation -1) may commit while there are no members. Everyone else must be a member
    /// of the live generation. Old transactional producers name neither member nor generation and pass unfenced.
    pub fn check_commit(&mut self, cx: &Step, request: &CommitRequest) -> Result<(), GroupError> {
        let names_a_member = !request.member_id.is_empty() || request.instance_id.is_some();
        if request.generation < 0 && self.is_empty() {
            return Ok(());
        }
        if request.generation >= 0 || names_a_member {
            self.validate(&request.member_id, request.instance_id.as_deref(), request.generation)?;
        } else if request.kind == CommitKind::Plain {
            return Err(GroupError::UnknownMemberId);
        }
        self.check_stage(cx, request)
    }

    /// A plain commit keeps the session alive, and cannot pass between a join and its assignment: it would be for
    /// partitions of the generation before.
    fn check_stage(&mut self, cx: &Step, request: &CommitRequest) -> Result<(), GroupError> {
        if request.kind == CommitKind::Transactional {
            return Ok(());
        }
        if matches!(self.stage, Stage::Completing { .. }) {
            return Err(GroupError::RebalanceInProgress);
        }
        self.touch(cx, &request.member_id);
        Ok(())
    }
}
