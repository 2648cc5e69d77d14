//! What a topic lets in.

use crate::topic::{TimestampType, TopicSettings};

/// The most bytes that the records of one compressed batch may come to. They are never held at once, so this bounds the
/// time a batch can cost, and with zstd the window of its decoder.
pub const MAX_DECOMPRESSED_BYTES: u64 = 64 << 20;

/// `message.max.bytes` where neither topic nor broker says otherwise: Kafka 4's default.
const DEFAULT_MAX_MESSAGE_BYTES: usize = 1_048_588;

/// What a batch is checked against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// `max.message.bytes`: of the batch as it is sent, compressed.
    pub max_message_bytes: usize,
    /// `segment.bytes`
    pub segment_bytes: usize,
    pub max_decompressed_bytes: u64,
    /// A compacted topic takes no record without a key.
    pub keys_required: bool,
    /// Not before Produce v7: older clients of the topic could not read it (KIP-110).
    pub zstd_allowed: bool,
    pub timestamps: Timestamps,
}

/// Whose timestamps count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timestamps {
    /// The client's, as far as they lie within these bounds, in milliseconds since 1970.
    Create { earliest_ms: i64, latest_ms: i64 },
    /// The broker's: this one.
    Append { now_ms: i64 },
}

impl Limits {
    /// Of a topic at broker time `now_ms`, for a Produce request of v7 or later.
    pub fn of(settings: &TopicSettings, now_ms: i64) -> Self {
        Limits {
            max_message_bytes: settings.max_message_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES),
            segment_bytes: settings.segment_bytes,
            max_decompressed_bytes: MAX_DECOMPRESSED_BYTES,
            keys_required: settings.compacted,
            zstd_allowed: true,
            timestamps: match settings.timestamp_type {
                TimestampType::LogAppendTime => Timestamps::Append { now_ms },
                TimestampType::CreateTime => Timestamps::Create {
                    earliest_ms: now_ms.saturating_sub(settings.timestamp_before_max_ms),
                    latest_ms: now_ms.saturating_add(settings.timestamp_after_max_ms),
                },
            },
        }
    }
}
