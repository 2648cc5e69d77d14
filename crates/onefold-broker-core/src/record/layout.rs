//! A record as bytes: layout version, kind, fields in their order.

use bytes::Bytes;

use super::append::FIXED_BYTES;
use super::kind::Kind;
use super::{Append, Record, RecordError};
use crate::codec::{Coded, Reader, put_len, put_str};
use crate::group::GroupSnapshot;

/// Raised when a kind's fields change; a new kind needs no new version, an old build refuses it by its number.
const VERSION: u8 = 1;

impl Record {
    /// Appends the record's bytes to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.push(self.kind() as u8);
        self.put_fields(out);
    }

    /// The same bytes in pieces, for a gathering write: batches are shared, not copied.
    pub fn encode_parts(&self, parts: &mut Vec<Bytes>) {
        match self {
            Record::Appended(appends) => put_appends_in_parts(appends, parts),
            other => {
                let mut out = Vec::with_capacity(64);
                other.encode(&mut out);
                parts.push(out.into());
            }
        }
    }

    /// Reads one record that takes all of `bytes`; batches are slices of it.
    ///
    /// # Errors
    /// [`RecordError`] for anything that [`Record::encode`] of this build does not write; never a panic, and never
    /// more memory than the bytes themselves call for.
    pub fn decode(bytes: Bytes) -> Result<Record, RecordError> {
        let mut from = Reader::new(bytes);
        match u8::take(&mut from)? {
            VERSION => {}
            other => return Err(RecordError::UnknownVersion(other)),
        }
        let kind = Kind::of(u8::take(&mut from)?)?;
        let record = take_fields(kind, &mut from)?;
        from.take_end()?;
        Ok(record)
    }

    fn kind(&self) -> Kind {
        match self {
            Record::Started { .. } => Kind::Started,
            Record::TopicCreated { .. } => Kind::TopicCreated,
            Record::PartitionsAdded { .. } => Kind::PartitionsAdded,
            Record::TopicConfigured { .. } => Kind::TopicConfigured,
            Record::TopicDeleted { .. } => Kind::TopicDeleted,
            Record::Appended(_) => Kind::Appended,
            Record::LogStartMoved(_) => Kind::LogStartMoved,
            Record::ProducersExpired(_) => Kind::ProducersExpired,
            Record::ProducerIdsReserved { .. } => Kind::ProducerIdsReserved,
            Record::GroupChanged(_) => Kind::GroupChanged,
            Record::GroupDeleted { .. } => Kind::GroupDeleted,
            Record::OffsetsCommitted { .. } => Kind::OffsetsCommitted,
            Record::OffsetsDeleted { .. } => Kind::OffsetsDeleted,
            Record::TransactionEnded(_) => Kind::TransactionEnded,
        }
    }

    fn put_fields(&self, out: &mut Vec<u8>) {
        match self {
            Record::Started { epoch } => epoch.put(out),
            Record::TopicCreated { id, name, partitions, configs } => {
                id.put(out);
                put_str(out, name);
                partitions.put(out);
                configs.put(out);
            }
            Record::PartitionsAdded { id, total } => {
                id.put(out);
                total.put(out);
            }
            Record::TopicConfigured { id, configs } => {
                id.put(out);
                configs.put(out);
            }
            Record::TopicDeleted { id } => id.put(out),
            Record::Appended(appends) => appends.put(out),
            Record::LogStartMoved(list) | Record::ProducersExpired(list) => list.put(out),
            Record::ProducerIdsReserved { next } => next.put(out),
            Record::GroupChanged(group) => group.put(out),
            Record::GroupDeleted { group } => put_str(out, group),
            Record::OffsetsCommitted { group, commits } => {
                put_str(out, group);
                commits.put(out);
            }
            Record::OffsetsDeleted { group, partitions } => {
                put_str(out, group);
                partitions.put(out);
            }
            Record::TransactionEnded(end) => end.put(out),
        }
    }
}

fn take_fields(kind: Kind, from: &mut Reader) -> Result<Record, RecordError> {
    Ok(match kind {
        Kind::Started => Record::Started { epoch: from.take()? },
        Kind::TopicCreated => Record::TopicCreated {
            id: from.take()?,
            name: from.take()?,
            partitions: take_partition_count(from)?,
            configs: from.take()?,
        },
        Kind::PartitionsAdded => Record::PartitionsAdded { id: from.take()?, total: take_partition_count(from)? },
        Kind::TopicConfigured => Record::TopicConfigured { id: from.take()?, configs: from.take()? },
        Kind::TopicDeleted => Record::TopicDeleted { id: from.take()? },
        Kind::Appended => Record::Appended(from.take()?),
        Kind::LogStartMoved => Record::LogStartMoved(from.take()?),
        Kind::ProducersExpired => Record::ProducersExpired(from.take()?),
        Kind::ProducerIdsReserved => Record::ProducerIdsReserved { next: from.take()? },
        Kind::GroupChanged => Record::GroupChanged(from.take()?),
        Kind::GroupDeleted => Record::GroupDeleted { group: from.take()? },
        Kind::OffsetsCommitted => Record::OffsetsCommitted { group: from.take()?, commits: from.take()? },
        Kind::OffsetsDeleted => Record::OffsetsDeleted { group: from.take()?, partitions: from.take()? },
        Kind::TransactionEnded => Record::TransactionEnded(from.take()?),
    })
}

/// A count of partitions turns into memory when it is applied, though nothing in the record pays for it.
fn take_partition_count(from: &mut Reader) -> Result<i32, RecordError> {
    let count: i32 = from.take()?;
    match (0..=crate::topic::MAX_PARTITIONS).contains(&count) {
        true => Ok(count),
        false => Err(RecordError::Impossible { what: "a count of partitions", value: count.into() }),
    }
}

/// One buffer for all that is not a batch, cut where the batches go in between.
fn put_appends_in_parts(appends: &[Append], parts: &mut Vec<Bytes>) {
    let mut fixed = Vec::with_capacity(2 + 4 + appends.len() * FIXED_BYTES);
    fixed.push(VERSION);
    fixed.push(Kind::Appended as u8);
    put_len(&mut fixed, appends.len());
    let first_cut = fixed.len();
    appends.iter().for_each(|append| append.put_fixed(&mut fixed));

    let mut fixed = Bytes::from(fixed);
    let mut cut = first_cut + FIXED_BYTES;
    parts.reserve(appends.len() * 2);
    for append in appends {
        parts.push(fixed.split_to(cut));
        parts.push(append.batch.clone());
        cut = FIXED_BYTES;
    }
    if appends.is_empty() {
        parts.push(fixed);
    }
}

impl Coded for GroupSnapshot {
    const MIN_BYTES: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        put_len(out, bytes.len());
        out.extend_from_slice(&bytes);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let bytes: Bytes = from.take()?;
        GroupSnapshot::decode(&bytes).map_err(|wrong| RecordError::BadGroup(wrong.to_string()))
    }
}
