//! Which stay of a partition with this consumer some work belongs to.

/// The number of one assignment of one partition to this process, counted locally.
///
/// Not a Kafka generation: those repeat. Completions carry the number under which their record came, and those of an
/// earlier assignment move nothing, since the partition has started over from its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Assignment(pub u64);

/// Hands out assignment numbers, each once.
#[derive(Debug, Default)]
pub struct Assignments {
    last: u64,
}

impl Assignments {
    pub fn next_number(&mut self) -> Assignment {
        self.last += 1;
        Assignment(self.last)
    }
}

/// One delivered record that has to be finished: as done, dead-lettered, durably parked or skipped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "a record that is never finished holds the position back for ever"]
pub struct Ticket {
    pub(super) assignment: Assignment,
    pub(super) place: i64,
    pub(super) offset: i64,
    pub(super) bytes: u32,
}

impl Ticket {
    pub fn assignment(&self) -> Assignment {
        self.assignment
    }

    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// What the record weighs against budgets, as given at delivery.
    pub fn bytes(&self) -> u32 {
        self.bytes
    }
}
