//! When two records are the same event.
//!
//! A record's identity is (consumer, source, id). A record without an id is known by its origin in the log. What a
//! store already says about an identity is judged in [`claim()`]; nothing here reads a store.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

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

/// The bytes under which a store knows one event of one consumer. Cloning is cheap.
///
/// Every part is length-prefixed, so that ("a", "bc") and ("ab", "c") differ, and the first byte parts events with an
/// id from those known by their origin: no id can be made to look like an origin.
#[derive(Clone)]
pub struct Identity(Form);

/// Most records are known by their origin and nobody ever asks for the bytes: they are made when they are asked for.
#[derive(Clone)]
enum Form {
    Spelled(Arc<[u8]>),
    Origin { of: Arc<[u8]>, topic_id: TopicId, partition: i32, offset: i64 },
}

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
        Identity::from_bytes(bytes)
    }

    /// The identity of a record without an id.
    pub fn of_origin(consumer: &str, origin: &Origin<'_>) -> Identity {
        Origins::of(consumer, origin.cluster_id).at(origin.topic_id, origin.partition, origin.offset)
    }

    /// An identity read back from a store or a dead letter.
    pub fn from_bytes(bytes: Vec<u8>) -> Identity {
        Identity(Form::Spelled(bytes.into()))
    }

    /// What a store keeps.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.0 {
            Form::Spelled(bytes) => Cow::Borrowed(bytes),
            Form::Origin { of, topic_id, partition, offset } => {
                Cow::Owned([of, topic_id.0.as_slice(), &partition.to_be_bytes(), &offset.to_be_bytes()].concat())
            }
        }
    }

    /// Whether the record is known only by its origin: a second copy of the event is then another identity.
    pub fn is_by_origin(&self) -> bool {
        match &self.0 {
            Form::Spelled(bytes) => bytes.first() == Some(&BY_ORIGIN),
            Form::Origin { .. } => true,
        }
    }
}

impl Identity {
    /// Whether it is one by origin, of this consumer's: those of other consumers say nothing to it.
    pub fn is_by_origin_for(&self, consumer: &str) -> bool {
        let mut start = vec![BY_ORIGIN];
        push_part(&mut start, consumer.as_bytes());
        self.bytes().starts_with(&start)
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Identity) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.bytes()).finish()
    }
}

/// Names the records of one consumer and cluster by where they stand.
#[derive(Clone, Debug)]
pub struct Origins(Arc<[u8]>);

impl Origins {
    pub fn of(consumer: &str, cluster_id: &str) -> Origins {
        let mut bytes = Vec::with_capacity(1 + 16 + consumer.len() + cluster_id.len());
        bytes.push(BY_ORIGIN);
        push_part(&mut bytes, consumer.as_bytes());
        push_part(&mut bytes, cluster_id.as_bytes());
        Origins(bytes.into())
    }

    pub fn at(&self, topic_id: TopicId, partition: i32, offset: i64) -> Identity {
        Identity(Form::Origin { of: self.0.clone(), topic_id, partition, offset })
    }
}

fn push_part(bytes: &mut Vec<u8>, part: &[u8]) {
    // u64 lengths, since no length that exists in memory can then be cut.
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part);
}

#[cfg(test)]
mod tests;
