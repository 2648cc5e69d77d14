//! What a pipeline keeps in order, and how much it takes in.

use super::load::Tally;

/// What keeps its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Records of one key in one partition. A record without a key has a lane of its own: producers spread those over
    /// the partitions, so there is no order among them to keep.
    #[default]
    Key,
    /// All records of a partition, one after the other.
    Partition,
    /// Nothing; each record has a lane of its own.
    None,
}

/// A limit in records and in bytes; the first that is reached counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    pub records: usize,
    pub bytes: u64,
}

impl Budget {
    pub(super) fn is_used_up(&self, by: Tally) -> bool {
        by.records >= self.records || by.bytes >= self.bytes
    }

    /// Half of it is free again. Pausing throws away what the client has fetched ahead, so it must not flap.
    pub(super) fn is_roomy(&self, by: Tally) -> bool {
        by.records <= self.records / 2 && by.bytes <= self.bytes / 2
    }

    /// Room for one more of so many bytes. One record always has room, or a large one would never run.
    pub(super) fn admits(&self, by: Tally, bytes: u32) -> bool {
        by.records == 0 || (by.records < self.records && by.bytes + u64::from(bytes) <= self.bytes)
    }
}

/// The order and the three budgets of a pipeline. They are apart so that keys that fail for ever cannot use up what
/// the working ones need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneSettings {
    pub order: Order,
    /// At most this runs at once.
    pub running: Budget,
    /// Beyond this, waiting to run, all partitions pause.
    pub queued: Budget,
    /// Beyond this, in lanes that wait for another attempt, the partitions that feed them pause.
    pub parked: Budget,
}

impl Default for LaneSettings {
    fn default() -> Self {
        LaneSettings {
            order: Order::Key,
            running: Budget { records: 64, bytes: 64 << 20 },
            queued: Budget { records: 4096, bytes: 64 << 20 },
            parked: Budget { records: 8192, bytes: 64 << 20 },
        }
    }
}
