//! The journal's records and their bytes.
//!
//! A record holds a *result*: offsets that were given, epochs that hold, ids that were drawn. Whoever reads it later applies
//! it ([`crate::state::State::apply`]) and decides nothing. What must not come in here: requests, clocks, and anything that is
//! named by a topic's name rather than its id.
//!
//! The journal frames a record (length, checksum, [`Stamp`], highest durable LSN); this room knows only what is inside.

mod append;
mod error;
mod kind;
mod layout;
mod offset;
mod transaction;

pub use append::Append;
pub use error::RecordError;
pub use offset::CommittedOffset;
pub use transaction::{Marker, TransactionEnd};

use crate::group::GroupSnapshot;
use crate::id::{Lsn, TopicId, TopicPartition};

/// What the journal puts before every record: its number, the broker start that wrote it, and broker time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub lsn: Lsn,
    /// The leader epoch of the start that wrote the record.
    pub start_epoch: i32,
    /// Broker time in milliseconds since 1970; all expiry counts on it, never on a client's timestamps.
    pub time_ms: i64,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// The broker started: the leader epoch of every partition from here on.
    Started {
        epoch: i32,
    },
    TopicCreated {
        id: TopicId,
        name: String,
        partitions: i32,
        configs: Vec<(String, String)>,
    },
    /// The topic now has `total` partitions.
    PartitionsAdded {
        id: TopicId,
        total: i32,
    },
    /// The topic's whole set of configs from here on.
    TopicConfigured {
        id: TopicId,
        configs: Vec<(String, String)>,
    },
    /// Its partitions go, and its committed offsets in every group.
    TopicDeleted {
        id: TopicId,
    },
    /// The batches of one Produce request, as they are stored.
    Appended(Vec<Append>),
    /// Records below these offsets are gone (DeleteRecords, retention).
    LogStartMoved(Vec<(TopicPartition, i64)>),
    /// These producers' windows shrink to their last sequence; where that has happened before, they go.
    ProducersExpired(Vec<(TopicPartition, i64)>),
    /// Producer ids below `next` may be handed out by this start; the next start begins at `next`.
    ProducerIdsReserved {
        next: i64,
    },
    /// The whole durable part of one group.
    GroupChanged(GroupSnapshot),
    /// The group and its offsets go.
    GroupDeleted {
        group: String,
    },
    OffsetsCommitted {
        group: String,
        commits: Vec<CommittedOffset>,
    },
    OffsetsDeleted {
        group: String,
        partitions: Vec<TopicPartition>,
    },
    /// The whole decision of one transaction, with all its results.
    TransactionEnded(TransactionEnd),
}
