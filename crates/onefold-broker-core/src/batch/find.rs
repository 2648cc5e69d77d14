//! Looking for one record of a stored batch: what ListOffsets by time answers with.

use super::inflate::{Reading, through};
use super::walk::{FindNewest, FindTime};
use super::{HEADER_BYTES, Header, MAX_DECOMPRESSED_BYTES};

/// The first record at or after `time_ms` whose offset is at least `from`, as (offset, timestamp); none where there is no
/// such record, and where the batch is not one that was checked when it came in.
pub fn record_at_time(batch: &[u8], time_ms: i64, from: i64) -> Option<(i64, i64)> {
    let header = Header::parse(batch).ok()?;
    if header.is_append_time() {
        return append_time(&header, from).filter(|(_, append_ms)| *append_ms >= time_ms);
    }
    let found = read(batch, &header, FindTime { header: &header, time_ms, from })??;
    Some((header.base_offset.checked_add(i64::from(found.0))?, found.1))
}

/// The greatest timestamp of the records whose offset is at least `from`; none where there is no such record, and where
/// the batch is not one that was checked when it came in.
pub fn newest_since(batch: &[u8], from: i64) -> Option<i64> {
    let header = Header::parse(batch).ok()?;
    match header.is_append_time() || from <= header.base_offset {
        true => append_time(&header, from).map(|(_, newest_ms)| newest_ms),
        false => read(batch, &header, FindNewest { header: &header, from })?,
    }
}

/// One time for all records; what they say themselves is the client's.
fn append_time(header: &Header, from: i64) -> Option<(i64, i64)> {
    (header.last_offset() >= from).then_some((header.base_offset.max(from), header.max_timestamp_ms))
}

fn read<R: Reading>(batch: &[u8], header: &Header, reading: R) -> Option<R::Found> {
    through(header.codec()?, batch.get(HEADER_BYTES..)?, MAX_DECOMPRESSED_BYTES, reading).ok()
}

#[cfg(test)]
mod tests {
    use super::{newest_since, record_at_time};
    use crate::batch::{BatchBuilder, patch, set_append_time};

    #[test]
    fn the_first_record_that_is_not_before_the_time() {
        let mut batch =
            BatchBuilder::new().record(10, None, None).record(30, None, None).record(20, None, None).build();
        patch(&mut batch, 100, 1);
        assert_eq!(record_at_time(&batch, 5, 0), Some((100, 10)));
        assert_eq!(record_at_time(&batch, 11, 0), Some((101, 30)));
        assert_eq!(record_at_time(&batch, 31, 0), None);
        set_append_time(&mut batch, 50);
        assert_eq!(record_at_time(&batch, 31, 0), Some((100, 50)));
    }

    #[test]
    fn records_below_the_logs_start_are_not_found() {
        let mut batch =
            BatchBuilder::new().record(30, None, None).record(10, None, None).record(20, None, None).build();
        patch(&mut batch, 100, 1);
        assert_eq!(record_at_time(&batch, 5, 101), Some((101, 10)));
        assert_eq!(record_at_time(&batch, 11, 101), Some((102, 20)));
        assert_eq!(record_at_time(&batch, 21, 101), None);
        assert_eq!(record_at_time(&batch, 5, 103), None);
        assert_eq!(newest_since(&batch, 0), Some(30));
        assert_eq!(newest_since(&batch, 101), Some(20));
        assert_eq!(newest_since(&batch, 103), None);
        set_append_time(&mut batch, 50);
        assert_eq!(record_at_time(&batch, 31, 102), Some((102, 50)));
        assert_eq!(newest_since(&batch, 102), Some(50));
        assert_eq!(newest_since(&batch, 103), None);
    }
}
