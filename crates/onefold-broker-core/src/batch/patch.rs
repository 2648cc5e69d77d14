//! The few fields of a batch that are the broker's to write.

use super::header::{APPEND_TIME_BIT, ATTRIBUTES_AT, CRC_AT, HEADER_BYTES, LEADER_EPOCH_AT, MAX_TIMESTAMP_AT};

/// Writes a batch's place into its bytes. Both fields lie outside the checksum, so it stays as it is.
///
/// `batch` begins with a header that [`super::Header::parse`] has read; anything shorter is left alone.
pub fn patch(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    let Some(head) = batch.first_chunk_mut::<HEADER_BYTES>() else { return };
    head[..8].copy_from_slice(&base_offset.to_be_bytes());
    head[LEADER_EPOCH_AT..LEADER_EPOCH_AT + 4].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Makes `time_ms` the timestamp of every record (`message.timestamp.type=LogAppendTime`) and renews the checksum, which
/// reads the whole batch: do it before taking the sequencer.
pub fn set_append_time(batch: &mut [u8], time_ms: i64) {
    let Some(head) = batch.first_chunk_mut::<HEADER_BYTES>() else { return };
    // The bit is in the low byte of the attributes.
    head[ATTRIBUTES_AT + 1] |= APPEND_TIME_BIT as u8;
    set_max_timestamp(batch, time_ms);
}

/// Corrects the batch's greatest timestamp and renews the checksum: lookups by time trust it.
pub fn set_max_timestamp(batch: &mut [u8], time_ms: i64) {
    let Some(head) = batch.first_chunk_mut::<HEADER_BYTES>() else { return };
    head[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&time_ms.to_be_bytes());
    let crc = checksum(batch);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

/// CRC-32C of all that the batch's checksum covers: from the attributes to the end.
pub fn checksum(batch: &[u8]) -> u32 {
    crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default())
}
