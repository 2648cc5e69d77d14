//! Is this a batch that may be stored? Asked in Kafka's order, so that a batch with two faults gets the code Kafka gives.
//!
//! First what ProduceRequest checks, then UnifiedLog's analyzeAndValidateRecords, then LogValidator.

use super::header::{APPEND_TIME_BIT, MAX_TIMESTAMP_AT};
use super::inflate::through;
use super::walk::Check;
use super::{
    BatchError, Codec, HEADER_BYTES, Header, Limits, Timestamps, checksum, set_append_time, set_max_timestamp,
};
use crate::error::ErrorCode;

/// Checks a client's batch, which must take all of `batch`. The header that comes back is the batch's own, but for
/// `max_timestamp_ms`: that is the records' true greatest, whatever the client wrote (see [`settle_time`]).
///
/// # Errors
/// With the code that Kafka answers.
pub fn validate(batch: &[u8], limits: &Limits) -> Result<Header, BatchError> {
    let mut header = parse_single(batch)?;
    let codec = check_codec(&header, limits)?;
    check_sent(batch, &header, limits)?;
    check_header(&header)?;
    let check = Check { header: &header, limits };
    header.max_timestamp_ms = through(codec, &batch[HEADER_BYTES..], limits.max_decompressed_bytes, check)?;
    if batch.len() > limits.segment_bytes {
        return Err(LARGER_THAN_SEGMENT);
    }
    Ok(header)
}

/// Makes the batch's own timestamp field true: the broker's time where the topic wants that, else the greatest of the
/// records. Hashes the whole batch where anything changes, so do it before taking the sequencer. `header` is what
/// [`validate`] returned.
pub fn settle_time(batch: &mut [u8], header: &mut Header, limits: &Limits) {
    match limits.timestamps {
        Timestamps::Append { now_ms } => {
            set_append_time(batch, now_ms);
            header.attributes |= APPEND_TIME_BIT;
            header.max_timestamp_ms = now_ms;
        }
        Timestamps::Create { .. } => {
            let written = batch.get(MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8);
            if written != Some(&header.max_timestamp_ms.to_be_bytes()[..]) {
                set_max_timestamp(batch, header.max_timestamp_ms);
            }
        }
    }
}

/// [`validate`], then [`settle_time`].
///
/// # Errors
/// As [`validate`]; the batch is then as it was.
pub fn accept(batch: &mut [u8], limits: &Limits) -> Result<Header, BatchError> {
    let mut header = validate(batch, limits)?;
    settle_time(batch, &mut header, limits);
    Ok(header)
}

/// Exactly one whole batch, of magic 2.
fn parse_single(batch: &[u8]) -> Result<Header, BatchError> {
    if batch.is_empty() {
        return Err(BatchError::invalid("a Produce request must have exactly one record batch a partition, not none"));
    }
    let header = Header::parse(batch)?;
    if header.size > batch.len() {
        return Err(BatchError::invalid("the record batch is longer than what was sent of it"));
    }
    if header.size < batch.len() {
        return Err(BatchError::invalid("a Produce request must have exactly one record batch a partition, not more"));
    }
    Ok(header)
}

fn check_codec(header: &Header, limits: &Limits) -> Result<Codec, BatchError> {
    match header.codec() {
        None => Err(UNKNOWN_CODEC),
        Some(Codec::Zstd) if !limits.zstd_allowed => Err(ZSTD_TOO_EARLY),
        Some(codec) => Ok(codec),
    }
}

fn check_sent(batch: &[u8], header: &Header, limits: &Limits) -> Result<(), BatchError> {
    if header.base_offset != 0 {
        return Err(BatchError::invalid("a batch's base offset must be 0: offsets are the broker's to give"));
    }
    if batch.len() > limits.max_message_bytes {
        return Err(LARGER_THAN_MESSAGE);
    }
    if checksum(batch) != header.crc {
        return Err(BatchError::corrupt("the batch's checksum does not hold"));
    }
    Ok(())
}

fn check_header(header: &Header) -> Result<(), BatchError> {
    if header.last_offset_delta < 0 {
        return Err(BatchError::invalid("the batch's last offset is before its first"));
    }
    if header.record_count <= 0 {
        return Err(BatchError::invalid("the batch has no records"));
    }
    if i64::from(header.record_count) != i64::from(header.last_offset_delta) + 1 {
        return Err(BatchError::invalid("the batch's offsets and its number of records differ"));
    }
    if header.is_control() {
        return Err(BatchError::invalid("control records are the broker's to write"));
    }
    if header.has_producer() && header.base_sequence < 0 {
        return Err(BatchError::invalid("a batch of an idempotent producer needs a sequence"));
    }
    if header.is_append_time() {
        return Err(APPEND_TIME_SET);
    }
    Ok(())
}

const UNKNOWN_CODEC: BatchError =
    BatchError::new(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, "the batch's compression type is not known");
const ZSTD_TOO_EARLY: BatchError =
    BatchError::new(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce v7 or later");
const LARGER_THAN_MESSAGE: BatchError =
    BatchError::new(ErrorCode::MESSAGE_TOO_LARGE, "the batch is larger than the topic's max.message.bytes");
const LARGER_THAN_SEGMENT: BatchError =
    BatchError::new(ErrorCode::RECORD_LIST_TOO_LARGE, "the batch is larger than the topic's segment.bytes");
const APPEND_TIME_SET: BatchError =
    BatchError::new(ErrorCode::INVALID_TIMESTAMP, "a producer must not set the timestamp type to LogAppendTime");
