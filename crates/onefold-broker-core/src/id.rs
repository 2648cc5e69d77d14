//! The names of things in the journal: by topic id, never by topic name, since a name can be made again.

use std::fmt;

/// A topic's id: sixteen random bytes given by whoever creates the topic (KIP-516).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

/// One partition of one topic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    pub topic: TopicId,
    pub partition: i32,
}

/// A journal record's number: 1, 2, 3, ... without gaps; `Lsn(0)` is none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Lsn(pub u64);

impl Lsn {
    /// Before the first record.
    pub const NONE: Lsn = Lsn(0);

    /// The number of the record after this one.
    #[must_use]
    pub fn next(self) -> Lsn {
        Lsn(self.0 + 1)
    }
}

impl TopicPartition {
    pub fn new(topic: TopicId, partition: i32) -> Self {
        TopicPartition { topic, partition }
    }
}

/// As Kafka's tools print it: base64 for URLs, without padding.
impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bits = u128::from_be_bytes(self.0);
        for digit in 0..22u32 {
            // 128 bits are 21 digits of 6 bits and one of 2, filled up with zeros on the right.
            let six = match digit {
                21 => (bits << 4) & 0x3f,
                _ => (bits >> (122 - 6 * digit)) & 0x3f,
            };
            write!(f, "{}", ALPHABET[six as usize] as char)?;
        }
        Ok(())
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::TopicId;

    #[test]
    fn topic_id_prints_as_kafka_prints_it() {
        // org.apache.kafka.common.Uuid.METADATA_TOPIC_ID and ONE_UUID's neighbours, as their toString gives them.
        let mut one = [0u8; 16];
        one[15] = 1;
        assert_eq!(TopicId(one).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(TopicId([0xff; 16]).to_string(), "_____________________w");
    }
}
