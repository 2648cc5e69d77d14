//! Why a partition is paused: a set, so that the end of one reason does not resume what another one holds.

/// One reason for a partition to deliver no more for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PauseReason {
    /// The breaker is open.
    SinkDown,
    /// Too much waits for a free worker.
    Queued,
    /// Too much waits behind failing keys.
    Parked,
    /// The finished records beyond the position fill the commit's metadata.
    Gaps,
    /// The dead letters cannot be written, or are too many.
    DeadLetters,
    /// Suspects run one after the other, or what may be in flight is noted first.
    Suspects,
}

impl PauseReason {
    pub const ALL: [PauseReason; 6] = [
        PauseReason::SinkDown,
        PauseReason::Queued,
        PauseReason::Parked,
        PauseReason::Gaps,
        PauseReason::DeadLetters,
        PauseReason::Suspects,
    ];

    /// For the live line.
    pub const fn as_str(self) -> &'static str {
        match self {
            PauseReason::SinkDown => "sink down",
            PauseReason::Queued => "queue full",
            PauseReason::Parked => "too much parked",
            PauseReason::Gaps => "too many gaps",
            PauseReason::DeadLetters => "dead letters",
            PauseReason::Suspects => "suspects run one at a time",
        }
    }
}

/// The reasons that hold now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PauseReasons(u8);

impl PauseReasons {
    /// Whether this was the first reason: pause now.
    #[must_use]
    pub fn add(&mut self, reason: PauseReason) -> bool {
        let was_empty = self.is_empty();
        self.0 |= 1 << reason as u8;
        was_empty
    }

    /// Whether this was the last reason: resume now. False where it did not hold.
    #[must_use]
    pub fn remove(&mut self, reason: PauseReason) -> bool {
        let held = self.holds(reason);
        self.0 &= !(1 << reason as u8);
        held && self.is_empty()
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn holds(self, reason: PauseReason) -> bool {
        self.0 >> reason as u8 & 1 == 1
    }

    pub fn iter(self) -> impl Iterator<Item = PauseReason> {
        PauseReason::ALL.into_iter().filter(move |reason| self.holds(*reason))
    }
}
