//! The control batch that ends a transaction in a partition, made from the one record that decided it.

use super::header::{CONTROL_BIT, CRC_AT, HEADER_BYTES, PREFIX_BYTES, TRANSACTIONAL_BIT};
use super::patch::checksum;
use crate::record::{Marker, TransactionEnd};

const RECORD_BYTES: usize = 17;

/// Of a marker's batch: it is the same at every replay, to the byte.
pub const MARKER_BYTES: usize = HEADER_BYTES + RECORD_BYTES;

/// The batch of `marker`, which belongs to `end`, at broker time `time_ms`.
pub fn marker(end: &TransactionEnd, marker: &Marker, time_ms: i64) -> [u8; MARKER_BYTES] {
    let mut batch = [0u8; MARKER_BYTES];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(&marker.offset.to_be_bytes());
    put(&((MARKER_BYTES - PREFIX_BYTES) as i32).to_be_bytes());
    put(&marker.leader_epoch.to_be_bytes());
    put(&[2]);
    put(&[0; 4]);
    put(&(TRANSACTIONAL_BIT | CONTROL_BIT).to_be_bytes());
    put(&0i32.to_be_bytes());
    put(&time_ms.to_be_bytes());
    put(&time_ms.to_be_bytes());
    put(&end.producer_id.to_be_bytes());
    put(&end.epoch.to_be_bytes());
    put(&(-1i32).to_be_bytes());
    put(&1i32.to_be_bytes());
    // Length 16, no attributes, deltas of 0, a key of 4 bytes: version 0 and 0 for abort, 1 for commit.
    put(&[32, 0, 0, 0, 8, 0, 0, 0, u8::from(end.committed)]);
    // A value of 6 bytes, version 0, coordinator epoch; no headers.
    put(&[12, 0, 0]);
    put(&marker.coordinator_epoch.to_be_bytes());
    put(&[0]);
    let crc = checksum(&batch);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
    batch
}
