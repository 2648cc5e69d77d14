//! Header names of other systems: written beside our own for their tools, read when their letters come back.

use crate::dead_letter::letter::{Reason, cut};
use crate::record::{Header, Record};

/// Whose header names a letter carries besides Onefold's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Spring for Apache Kafka: `kafka_dlt-*`, numbers as big-endian bytes.
    Spring,
    /// Kafka Connect: `__connect.errors.*`, all text.
    Connect,
    /// Share groups (KIP-1191): `__dlq.errors.*`, all text.
    ShareGroup,
}

/// Where a letter says that its record came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameFrom {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub message: Option<String>,
}

impl CameFrom {
    /// `topic/partition/offset`.
    pub fn place(&self) -> String {
        format!("{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

const OWN: &str = "onefold-";

/// Whether the header is one that [`super::letter_for`] writes anew.
pub(super) fn is_ours(header: &Header) -> bool {
    header.name.starts_with(OWN.as_bytes())
}

impl Dialect {
    pub const ALL: [Dialect; 3] = [Dialect::Spring, Dialect::Connect, Dialect::ShareGroup];

    const fn prefix(self) -> &'static str {
        match self {
            Dialect::Spring => "kafka_dlt-",
            Dialect::Connect => "__connect.errors.",
            Dialect::ShareGroup => "__dlq.errors.",
        }
    }

    /// Whether the header is one of this dialect's.
    pub(super) fn owns(self, header: &Header) -> bool {
        header.name.starts_with(self.prefix().as_bytes())
    }

    /// Adds this dialect's headers, replacing those that are there.
    pub(super) fn write(self, record: &Record, group: &str, reason: &Reason, headers: &mut Vec<Header>) {
        headers.retain(|header| !self.owns(header));
        let mut add = |name: &str, value: &[u8]| headers.push(Header::new(&format!("{}{name}", self.prefix()), value));
        let (partition, offset) = (record.partition, record.offset);
        let message = cut(&reason.message).as_bytes();
        match self {
            Dialect::Spring => {
                add("original-topic", record.topic.as_bytes());
                add("original-partition", &partition.to_be_bytes());
                add("original-offset", &offset.to_be_bytes());
                add("original-timestamp", &record.timestamp_ms.unwrap_or(-1).to_be_bytes());
                add("original-consumer-group", group.as_bytes());
                add("exception-fqcn", reason.class.as_str().as_bytes());
                add("exception-message", message);
            }
            Dialect::Connect => {
                add("topic", record.topic.as_bytes());
                add("partition", partition.to_string().as_bytes());
                add("offset", offset.to_string().as_bytes());
                add("connector.name", group.as_bytes());
                add("exception.class.name", reason.class.as_str().as_bytes());
                add("exception.message", message);
            }
            Dialect::ShareGroup => {
                add("topic", record.topic.as_bytes());
                add("partition", partition.to_string().as_bytes());
                add("offset", offset.to_string().as_bytes());
                add("group", group.as_bytes());
                add("delivery.count", reason.attempts.to_string().as_bytes());
                add("message", message);
            }
        }
    }

    /// What this dialect's headers of a letter say, if they are there and make sense.
    pub fn read(self, letter: &Record) -> Option<CameFrom> {
        let get = |name: &str| letter.header(&format!("{}{name}", self.prefix()));
        let text = |name: &str| get(name).and_then(|value| String::from_utf8(value.to_vec()).ok());
        match self {
            Dialect::Spring => Some(CameFrom {
                topic: text("original-topic")?,
                partition: i32::from_be_bytes(get("original-partition")?.as_ref().try_into().ok()?),
                offset: i64::from_be_bytes(get("original-offset")?.as_ref().try_into().ok()?),
                message: text("exception-message"),
            }),
            Dialect::Connect | Dialect::ShareGroup => Some(CameFrom {
                topic: text("topic")?,
                partition: text("partition")?.parse().ok()?,
                offset: text("offset")?.parse().ok()?,
                message: text(if self == Dialect::Connect { "exception.message" } else { "message" }),
            }),
        }
    }
}

/// Where a letter came from, in Onefold's own names or in any dialect.
pub fn came_from(letter: &Record) -> Option<CameFrom> {
    let text = |name: &str| letter.header(name).and_then(|value| String::from_utf8(value.to_vec()).ok());
    let own = || {
        Some(CameFrom {
            topic: text("onefold-topic")?,
            partition: text("onefold-partition")?.parse().ok()?,
            offset: text("onefold-offset")?.parse().ok()?,
            message: text("onefold-message"),
        })
    };
    own().or_else(|| Dialect::ALL.iter().find_map(|dialect| dialect.read(letter)))
}
