//! Looking for one record of a stored batch: what ListOffsets by time answers with.

use super::inflate::through;
use super::walk::FindTime;
use super::{HEADER_BYTES, Header, MAX_DECOMPRESSED_BYTES};

/// The first record at or after `time_ms`, as (offset, timestamp); none where all are before it, and where the batch is not
/// one that was checked when it came in.
pub fn record_at_time(batch: &[u8], time_ms: i64) -> Option<(i64, i64)> {
    let header = Header::parse(batch).ok()?;
    if header.is_append_time() {
        // One time for all records; what they say themselves is the client's.
        return (header.max_timestamp_ms >= time_ms).then_some((header.base_offset, header.max_timestamp_ms));
    }
    let find = FindTime { header: &header, time_ms };
    let found = through(header.codec()?, batch.get(HEADER_BYTES..)?, MAX_DECOMPRESSED_BYTES, find).ok()??;
    Some((header.base_offset.checked_add(i64::from(found.0))?, found.1))
}

#[cfg(test)]
mod tests {
    use super::record_at_time;
    use crate::batch::{BatchBuilder, patch, set_append_time};

    #[test]
    fn the_first_record_that_is_not_before_the_time() {
        let mut batch =
            BatchBuilder::new().record(10, None, None).record(30, None, None).record(20, None, None).build();
        patch(&mut batch, 100, 1);
        assert_eq!(record_at_time(&batch, 5), Some((100, 10)));
        assert_eq!(record_at_time(&batch, 11), Some((101, 30)));
        assert_eq!(record_at_time(&batch, 31), None);
        set_append_time(&mut batch, 50);
        assert_eq!(record_at_time(&batch, 31), Some((100, 50)));
    }
}
