//! The states of a group, with the deadline that ends each that must end.

/// `Dead` is no stage: a deleted group is gone, and a group that is not known is described as dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// No members. Offsets may remain.
    Empty { since_ms: u64 },
    /// A rebalance: every member must join again before `until_ms`.
    Preparing { until_ms: u64, initial: Option<Initial> },
    /// All have joined the generation, its leader has not assigned yet. Whoever has not asked by `sync_by_ms` is removed.
    Completing { sync_by_ms: u64 },
    /// Assigned. A deadline remains while some member has not fetched its assignment.
    Stable { sync_by_ms: Option<u64> },
}

/// The first rebalance of an empty group: it waits on purpose, for more members (KIP-134).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Initial {
    /// It is not prolonged beyond this.
    pub latest_ms: u64,
    /// Whether someone joined since the last look: then it is prolonged.
    pub grew: bool,
}

impl Stage {
    /// The name Kafka's tools know.
    pub fn name(&self) -> &'static str {
        match self {
            Stage::Empty { .. } => "Empty",
            Stage::Preparing { .. } => "PreparingRebalance",
            Stage::Completing { .. } => "CompletingRebalance",
            Stage::Stable { .. } => "Stable",
        }
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        match self {
            Stage::Empty { .. } => None,
            Stage::Preparing { until_ms, .. } => Some(*until_ms),
            Stage::Completing { sync_by_ms } => Some(*sync_by_ms),
            Stage::Stable { sync_by_ms } => *sync_by_ms,
        }
    }
}
