//! DeleteGroups, and forgetting groups that nobody uses.

use std::sync::Arc;

use super::coordinator::Coordinator;
use super::stage::Stage;
use super::{GroupEffect, GroupError, GroupWrite};

impl Coordinator {
    /// Deletes a group with its offsets. The answer waits for `changed`. That no transaction holds offsets for it (O4) is
    /// the caller's to check, under the same lock.
    ///
    /// # Errors
    /// `GroupIdNotFound`; `NonEmptyGroup` while it has members.
    pub fn delete(&mut self, group: &str, out: &mut Vec<GroupEffect>) -> Result<(), GroupError> {
        let slot = self.groups.get(group).ok_or(GroupError::GroupIdNotFound)?;
        if !slot.group.is_empty() {
            return Err(GroupError::NonEmptyGroup);
        }
        self.forget(group, out);
        Ok(())
    }

    /// Deletes the groups that have been empty for `idle_ms` and that `keeps` (because they hold offsets) says no to.
    /// Without it, a client that makes up group names would fill the broker.
    pub fn forget_empty(
        &mut self,
        now_ms: u64,
        idle_ms: u64,
        mut keeps: impl FnMut(&str) -> bool,
        out: &mut Vec<GroupEffect>,
    ) {
        let is_old =
            |stage: &Stage| matches!(stage, Stage::Empty { since_ms } if now_ms >= since_ms.saturating_add(idle_ms));
        let unused: Vec<Arc<str>> = self
            .groups
            .values()
            .map(|slot| &slot.group)
            .filter(|group| is_old(&group.stage) && group.pending.is_empty() && !keeps(&group.id))
            .map(|group| group.id.clone())
            .collect();
        for group in unused {
            self.forget(&group, out);
        }
    }

    fn forget(&mut self, group: &str, out: &mut Vec<GroupEffect>) {
        if self.remove(group).is_some_and(|slot| slot.group.durable) {
            out.push(GroupEffect::Persist(GroupWrite::Deleted { group: group.to_owned() }));
        }
    }
}
