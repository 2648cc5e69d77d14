//! Where a partition begins for which there is no position yet.

/// Where reading begins without a position. A position, once there, always wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the earliest record that the topic still holds.
    #[default]
    Earliest,
    /// After the newest record there is at the start.
    Latest,
    /// At the first record no older than this (milliseconds since 1970).
    Timestamp(i64),
}
