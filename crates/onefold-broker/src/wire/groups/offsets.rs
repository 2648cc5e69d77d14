//! Offsets that nobody needs any more: those of groups without members, after their retention (KIP-211).

use std::time::Duration;

use onefold_broker_core::Record;
use onefold_broker_core::state::GroupState;

use super::Groups;
use crate::log::{Log, LogStopped};
use crate::settings::BrokerSettings;

/// How long committed offsets are kept, and how often that is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OffsetsKept {
    retention_ms: i64,
    pub(super) check_every_ms: u64,
}

impl OffsetsKept {
    pub(crate) fn of(settings: &BrokerSettings) -> OffsetsKept {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        OffsetsKept {
            retention_ms: i64::try_from(millis(settings.offsets_retention)).unwrap_or(i64::MAX),
            // Never without a pause, whatever is set.
            check_every_ms: millis(settings.offsets_retention_check).max(1),
        }
    }
}

impl Groups {
    /// Each group is looked at again under the lock that joins and commits take, so that neither comes in between.
    pub(super) fn expire_offsets(&self, log: &Log) -> Result<(), LogStopped> {
        let retention_ms = self.offsets_kept.retention_ms;
        let any_due = |group: &GroupState, now_ms| group.expired(now_ms, retention_ms).next().is_some();
        let due: Vec<String> = log.view(|state, now| {
            let due = state.groups().filter(|(_, group)| any_due(group, now.time_ms));
            due.map(|(name, _)| name.to_owned()).collect()
        });
        for group in due {
            let inner = self.lock();
            if inner.coordinator.is_empty(&group) {
                log.sequence(|state, now| {
                    let expired = state.group(&group).map(|group| group.expired(now.time_ms, retention_ms).collect());
                    let partitions: Vec<_> = expired.unwrap_or_default();
                    (
                        (),
                        (!partitions.is_empty()).then_some(Record::OffsetsDeleted { group: group.clone(), partitions }),
                    )
                })?;
            }
        }
        Ok(())
    }
}
