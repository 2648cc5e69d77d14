//! When two records are the same event.
//!
//! A record's identity is (consumer, source, id). A record without an id is known by its origin in the log. What a
//! store already says about an identity is judged in [`claim()`]; nothing here reads a store.

mod claim;
mod topic_id;

pub use claim::{Claim, RowState, StoredRow, claim};
pub use topic_id::TopicId;
pub(crate) use topic_id::{URL_SAFE, digit_value};

/// Where a record stands in a log: its name when it carries no id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin<'a> {
    pub cluster_id: &'a str,
    pub topic_id: TopicId,
    pub partition: i32,
    pub offset: i64,
}

/// The bytes under which a store knows one event of one consumer.
///
/// Every part is length-prefixed, so that ("a", "bc") and ("ab", "c") differ, and the first byte parts events with an
/// id from those known by their origin: no id can be made to look like an origin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(Vec<u8>);

const BY_EVENT_ID: u8 = 1;
const BY_ORIGIN: u8 = 2;

impl Identity {
    /// The identity of an event that carries an id. CloudEvents: `source` + `id` name one event.
    pub fn of_event(consumer: &str, source: &str, id: &str) -> Identity {
        let mut bytes = Vec::with_capacity(1 + 24 + consumer.len() + source.len() + id.len());
        bytes.push(BY_EVENT_ID);
        for part in [consumer, source, id] {
            push_part(&mut bytes, part.as_bytes());
        }
        Identity(bytes)
    }

    /// The identity of a record without an id.
    pub fn of_origin(consumer: &str, origin: &Origin<'_>) -> Identity {
        let mut bytes = Vec::with_capacity(1 + 16 + consumer.len() + origin.cluster_id.len() + 28);
        bytes.push(BY_ORIGIN);
        push_part(&mut bytes, consumer.as_bytes());
        push_part(&mut bytes, origin.cluster_id.as_bytes());
        bytes.extend_from_slice(&origin.topic_id.0);
        bytes.extend_from_slice(&origin.partition.to_be_bytes());
        bytes.extend_from_slice(&origin.offset.to_be_bytes());
        Identity(bytes)
    }

    /// An identity read back from a store or a dead letter.
    pub fn from_bytes(bytes: Vec<u8>) -> Identity {
        Identity(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the record is known only by its origin: a second copy of the event is then another identity.
    pub fn is_by_origin(&self) -> bool {
        self.0.first() == Some(&BY_ORIGIN)
    }
}

fn push_part(bytes: &mut Vec<u8>, part: &[u8]) {
    // u64 lengths, since no length that exists in memory can then be cut.
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part);
}

#[cfg(test)]
mod tests;
