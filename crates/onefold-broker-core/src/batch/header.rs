//! The 61 bytes in front of every batch.

use super::BatchError;

/// Bytes before the first record.
pub const HEADER_BYTES: usize = 61;

/// Base offset and length: what stands before the part that `length` counts.
pub(super) const PREFIX_BYTES: usize = 12;

pub(super) const LEADER_EPOCH_AT: usize = 12;
pub(super) const CRC_AT: usize = 17;
/// The checksum covers everything from here to the end; base offset and leader epoch lie before it.
pub(super) const ATTRIBUTES_AT: usize = 21;
pub(super) const MAX_TIMESTAMP_AT: usize = 35;
const MAGIC_AT: usize = 16;
const MAGIC: u8 = 2;

pub(super) const APPEND_TIME_BIT: i16 = 0x08;
pub(super) const TRANSACTIONAL_BIT: i16 = 0x10;
pub(super) const CONTROL_BIT: i16 = 0x20;

/// A batch's header. Offsets and timestamps are as they stand in the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Of the whole batch, header included, in bytes.
    pub size: usize,
    pub base_offset: i64,
    pub leader_epoch: i32,
    pub crc: u32,
    pub attributes: i16,
    pub last_offset_delta: i32,
    pub base_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    /// -1 without idempotence.
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub record_count: i32,
}

/// How a batch's records are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Header {
    /// Reads the header at the front of `bytes`, which may end before the batch does.
    ///
    /// # Errors
    /// `CORRUPT_MESSAGE` where 61 bytes are not there, the length counts fewer, or the magic is not known; `INVALID_RECORD`
    /// for an older magic, and where there are not even bytes enough to see which it is.
    pub fn parse(bytes: &[u8]) -> Result<Header, BatchError> {
        let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
            // Older formats are shorter: say that they are old rather than that they are damaged.
            return Err(match bytes.get(MAGIC_AT) {
                Some(0 | 1) => OLD_MAGIC,
                Some(_) => BatchError::corrupt("the batch ends within its header"),
                None => BatchError::invalid("too few bytes for a record batch"),
            });
        };
        match head[MAGIC_AT] {
            MAGIC => {}
            0 | 1 => return Err(OLD_MAGIC),
            _ => return Err(BatchError::corrupt("the batch's magic is not 2")),
        }
        let length = i32_at(head, 8);
        let size = usize::try_from(length).unwrap_or(0) + PREFIX_BYTES;
        if size < HEADER_BYTES {
            return Err(BatchError::corrupt("the batch's length is less than its header"));
        }
        Ok(Header {
            size,
            base_offset: i64_at(head, 0),
            leader_epoch: i32_at(head, LEADER_EPOCH_AT),
            crc: i32_at(head, CRC_AT).cast_unsigned(),
            attributes: i16_at(head, ATTRIBUTES_AT),
            last_offset_delta: i32_at(head, 23),
            base_timestamp_ms: i64_at(head, 27),
            max_timestamp_ms: i64_at(head, MAX_TIMESTAMP_AT),
            producer_id: i64_at(head, 43),
            producer_epoch: i16_at(head, 51),
            base_sequence: i32_at(head, 53),
            record_count: i32_at(head, 57),
        })
    }

    /// The offset of the batch's last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// The sequence of the batch's last record; sequences wrap from `i32::MAX` to 0.
    pub fn last_sequence(&self) -> i32 {
        crate::producer::sequence::advance(self.base_sequence, self.last_offset_delta)
    }

    pub fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }

    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    /// Whether `max_timestamp_ms` is the broker's, for every record of the batch.
    pub fn is_append_time(&self) -> bool {
        self.attributes & APPEND_TIME_BIT != 0
    }

    /// None for a codec that Kafka does not know.
    pub fn codec(&self) -> Option<Codec> {
        match self.attributes & 0x07 {
            0 => Some(Codec::None),
            1 => Some(Codec::Gzip),
            2 => Some(Codec::Snappy),
            3 => Some(Codec::Lz4),
            4 => Some(Codec::Zstd),
            _ => None,
        }
    }
}

const OLD_MAGIC: BatchError =
    BatchError::invalid("Produce v3 and later take record batches of magic 2 only, not the older message formats");

// All positions below are constants within the 61 bytes.
fn i16_at(head: &[u8; HEADER_BYTES], at: usize) -> i16 {
    i16::from_be_bytes([head[at], head[at + 1]])
}

fn i32_at(head: &[u8; HEADER_BYTES], at: usize) -> i32 {
    i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn i64_at(head: &[u8; HEADER_BYTES], at: usize) -> i64 {
    (i64::from(i32_at(head, at)) << 32) | i64::from(i32_at(head, at + 4).cast_unsigned())
}
