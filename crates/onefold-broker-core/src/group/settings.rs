//! The bounds of groups: time, numbers and memory.

/// What groups may take. The defaults are those of Apache Kafka, except that a new group does not wait for more members
/// (`group.initial.rebalance.delay.ms` is 3000 there: the largest part of a consumer's first poll), and that everything a
/// client could grow without end has a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSettings {
    /// `group.min.session.timeout.ms`: 6 s.
    pub min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`: 30 min.
    pub max_session_timeout_ms: i32,
    /// `group.initial.rebalance.delay.ms`: 0. How long an empty group waits for more members after the first.
    pub initial_rebalance_delay_ms: u64,
    /// How long a member may wait in its first join before it counts as gone, since it cannot heartbeat yet: 5 min.
    pub new_member_join_timeout_ms: u64,
    /// `group.max.size`: 5000 members in one group. Ids given out but not used yet have the same bound.
    pub max_members: usize,
    /// 20 000 groups, the empty ones that only keep offsets included.
    pub max_groups: usize,
    /// 4 MiB of subscriptions and assignments in one group. This also bounds the group's journal record.
    pub max_group_bytes: usize,
    /// 64 MiB of subscriptions and assignments in all groups.
    pub max_total_bytes: usize,
}

impl Default for GroupSettings {
    fn default() -> GroupSettings {
        GroupSettings {
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 30 * 60 * 1000,
            initial_rebalance_delay_ms: 0,
            new_member_join_timeout_ms: 5 * 60 * 1000,
            max_members: 5_000,
            max_groups: 20_000,
            max_group_bytes: 4 << 20,
            max_total_bytes: 64 << 20,
        }
    }
}
