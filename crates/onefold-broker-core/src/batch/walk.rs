//! Through all records of a batch, looking only at what binds them together.
//!
//! A broker that stores batches unread can be poisoned: a count that does not hold, or lengths that run past the end, stop
//! every consumer of the partition for good. So each record is read to its end, though nothing of it is kept.

use super::inflate::Reading;
use super::varint::Source;
use super::{BatchError, Header, Limits, Timestamps};
use crate::error::ErrorCode;

/// Kafka's "no timestamp": never out of range, never the greatest.
const NO_TIMESTAMP: i64 = -1;
/// At most so many records at fault are named: the answer must not be larger than the request by far.
const MOST_NAMED: usize = 10_000;

/// Reads every record and checks it; finds the greatest timestamp.
pub(super) struct Check<'a> {
    pub(super) header: &'a Header,
    pub(super) limits: &'a Limits,
}

impl Reading for Check<'_> {
    type Found = i64;

    fn through<S: Source>(self, source: &mut S) -> Result<i64, BatchError> {
        walk(source, self.header, self.limits)
    }
}

/// Finds the first record at or above offset `from` whose timestamp is not before `time_ms`, as (offset delta, timestamp).
pub(super) struct FindTime<'a> {
    pub(super) header: &'a Header,
    pub(super) time_ms: i64,
    pub(super) from: i64,
}

impl Reading for FindTime<'_> {
    type Found = Option<(i32, i64)>;

    fn through<S: Source>(self, source: &mut S) -> Result<Self::Found, BatchError> {
        for _ in 0..self.header.record_count {
            let (offset_delta, timestamp_ms) = read_place(source, self.header)?;
            if timestamp_ms >= self.time_ms && is_from(self.header, offset_delta, self.from) {
                return Ok(Some((offset_delta, timestamp_ms)));
            }
        }
        Ok(None)
    }
}

/// Finds the greatest timestamp of the records at or above offset `from`.
pub(super) struct FindNewest<'a> {
    pub(super) header: &'a Header,
    pub(super) from: i64,
}

impl Reading for FindNewest<'_> {
    type Found = Option<i64>;

    fn through<S: Source>(self, source: &mut S) -> Result<Self::Found, BatchError> {
        let mut newest_ms = None;
        for _ in 0..self.header.record_count {
            let (offset_delta, timestamp_ms) = read_place(source, self.header)?;
            if is_from(self.header, offset_delta, self.from) {
                newest_ms = newest_ms.max(Some(timestamp_ms));
            }
        }
        Ok(newest_ms)
    }
}

/// The next record's offset delta and timestamp.
fn read_place<S: Source>(source: &mut S, header: &Header) -> Result<(i32, i64), BatchError> {
    let record = read(source)?;
    Ok((record.offset_delta, header.base_timestamp_ms.wrapping_add(record.timestamp_delta)))
}

fn is_from(header: &Header, offset_delta: i32, from: i64) -> bool {
    header.base_offset.saturating_add(i64::from(offset_delta)) >= from
}

fn walk<S: Source>(source: &mut S, header: &Header, limits: &Limits) -> Result<i64, BatchError> {
    let (earliest_ms, latest_ms) = match limits.timestamps {
        Timestamps::Create { earliest_ms, latest_ms } => (earliest_ms, latest_ms),
        Timestamps::Append { .. } => (i64::MIN, i64::MAX),
    };
    let mut greatest_ms = NO_TIMESTAMP;
    // Out of time before without a key: where both occur, Kafka's code is the first's.
    let (mut mistimed, mut keyless) = (Vec::new(), Vec::new());
    for index in 0..header.record_count {
        let record = read(source).map_err(|wrong| at_record(wrong, index))?;
        if record.offset_delta != index {
            return Err(at_record(OFFSET_GAP, index));
        }
        if limits.keys_required && !record.has_key && keyless.len() < MOST_NAMED {
            keyless.push(index);
        }
        let timestamp_ms = header.base_timestamp_ms.wrapping_add(record.timestamp_delta);
        let in_time = (earliest_ms..=latest_ms).contains(&timestamp_ms) || timestamp_ms == NO_TIMESTAMP;
        if !in_time && mistimed.len() < MOST_NAMED {
            mistimed.push(index);
        }
        greatest_ms = greatest_ms.max(timestamp_ms);
    }
    match source.at_end()? {
        true if !mistimed.is_empty() => Err(BatchError { records: mistimed, ..OUT_OF_RANGE }),
        true if !keyless.is_empty() => Err(BatchError { records: keyless, ..NO_KEY }),
        true => Ok(greatest_ms),
        false => Err(BatchError::invalid("the batch has more records than its header says")),
    }
}

struct Record {
    timestamp_delta: i64,
    offset_delta: i32,
    has_key: bool,
}

#[inline]
fn read<S: Source>(source: &mut S) -> Result<Record, BatchError> {
    let length = source.varint()?;
    let begin = source.taken();
    let _attributes = source.byte()?;
    let timestamp_delta = source.varlong()?;
    let offset_delta = source.varint()?;
    let has_key = skip_nullable(source)?;
    skip_nullable(source)?;
    let headers = source.varint()?;
    if headers != 0 {
        skip_headers(source, headers)?;
    }
    match i64::from(length) == (source.taken() - begin) as i64 {
        true => Ok(Record { timestamp_delta, offset_delta, has_key }),
        false => Err(BatchError::invalid("a record is not as long as it says")),
    }
}

/// A key or a value: -1 for null, else a length and so many bytes. Returns whether it is there.
#[inline]
fn skip_nullable<S: Source>(source: &mut S) -> Result<bool, BatchError> {
    match usize::try_from(source.varint()?) {
        Ok(length) => source.skip(length).map(|()| true),
        // Whatever is negative reads as null everywhere.
        Err(_) => Ok(false),
    }
}

fn skip_headers<S: Source>(source: &mut S, count: i32) -> Result<(), BatchError> {
    if count < 0 {
        return Err(BatchError::invalid("a record has a negative number of headers"));
    }
    // Each takes two bytes at least, so that a large count ends with the bytes, not with time.
    for _ in 0..count {
        if !skip_nullable(source)? {
            return Err(BatchError::invalid("a record has a header without a name"));
        }
        skip_nullable(source)?;
    }
    Ok(())
}

fn at_record(mut wrong: BatchError, index: i32) -> BatchError {
    wrong.records = vec![index];
    wrong
}

const OFFSET_GAP: BatchError = BatchError::invalid("the records' offsets do not count up from 0");
const NO_KEY: BatchError = BatchError::invalid("a compacted topic takes no record without a key");
const OUT_OF_RANGE: BatchError = BatchError::new(
    ErrorCode::INVALID_TIMESTAMP,
    "a record's timestamp is out of the range that message.timestamp.before.max.ms and .after.max.ms allow",
);
