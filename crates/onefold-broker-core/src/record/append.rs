//! One batch of a Produce request, as it is stored.

use bytes::Bytes;

use crate::batch::Header;
use crate::codec::{Coded, Reader};
use crate::id::TopicPartition;
use crate::record::RecordError;

/// A batch that has its place: base offset and leader epoch are patched into its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Append {
    pub at: TopicPartition,
    pub base_offset: i64,
    pub batch: Bytes,
}

/// Partition, base offset, length of the batch.
pub(super) const FIXED_BYTES: usize = 20 + 8 + 4;

impl Append {
    /// All but the batch's own bytes.
    pub(super) fn put_fixed(&self, out: &mut Vec<u8>) {
        self.at.put(out);
        self.base_offset.put(out);
        crate::codec::put_len(out, self.batch.len());
    }
}

impl Coded for Append {
    const MIN_BYTES: usize = FIXED_BYTES;

    fn put(&self, out: &mut Vec<u8>) {
        self.put_fixed(out);
        out.extend_from_slice(&self.batch);
    }

    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let append = Append { at: from.take()?, base_offset: from.take()?, batch: from.take()? };
        let header = Header::parse(&append.batch).map_err(|_| RecordError::BadBatch)?;
        if header.size != append.batch.len() || header.base_offset != append.base_offset {
            return Err(RecordError::BadBatch);
        }
        Ok(append)
    }
}
