//! Who a record is: what duplicates share and different events do not.

use crate::record::Record;

/// The id a producer gave an event: unique per source, the same on every repeat (CloudEvents 1.0, `source` + `id`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    pub source: String,
    pub id: String,
}

/// A record's identity for one consumer: (consumer, source, id), each length-prefixed so that no two triples
/// share bytes. A record without an id is known by its origin (cluster, topic id, partition, offset).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    bytes: Vec<u8>,
    /// Whether it is the record's origin for want of an id.
    pub is_origin: bool,
}

impl Identity {
    pub fn of_event(consumer: &str, event: &EventId) -> Identity {
        let parts = [consumer.as_bytes(), event.source.as_bytes(), event.id.as_bytes()];
        Identity { bytes: prefixed(b'e', &parts), is_origin: false }
    }

    pub fn of_origin(consumer: &str, cluster_id: &str, record: &Record) -> Identity {
        let (partition, offset) = (record.partition.to_be_bytes(), record.offset.to_be_bytes());
        // A cluster that tells no topic ids leaves the name: all there is.
        let topic = if record.topic_id.is_known() { &record.topic_id.0[..] } else { record.topic.as_bytes() };
        let parts = [consumer.as_bytes(), cluster_id.as_bytes(), topic, &partition, &offset];
        Identity { bytes: prefixed(b'o', &parts), is_origin: true }
    }

    /// The bytes that stores key by.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// 32 hexadecimal digits that stand for it, for headers, logs and idempotency keys.
    pub fn to_hex(&self) -> String {
        blake3::hash(&self.bytes).to_hex()[..32].to_owned()
    }
}

fn prefixed(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| part.len() + 4).sum::<usize>());
    bytes.push(kind);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}
