//! Numbers, texts and lists as bytes, for the journal's records and the checkpoint's state.
//!
//! Big-endian, fixed widths, lengths as `u32`. A reader checks every length against what is left *before* it allocates, so
//! that a broken file costs an error and never memory.

use std::sync::Arc;

use bytes::{BufMut, Bytes};

use crate::id::{Lsn, TopicId, TopicPartition};
use crate::record::RecordError;

/// What can be put down and taken up again, byte for byte.
pub trait Coded: Sized {
    /// The fewest bytes one of these takes: bounds how many a claimed count may stand for.
    const MIN_BYTES: usize;
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut Reader) -> Result<Self, RecordError>;
}

/// Reads from the front of a shared buffer; byte strings come out as slices of it, not copies.
#[derive(Debug)]
pub struct Reader {
    rest: Bytes,
}

impl Reader {
    pub fn new(bytes: Bytes) -> Self {
        Reader { rest: bytes }
    }

    /// The next `len` bytes, shared with the buffer.
    pub fn bytes(&mut self, len: usize) -> Result<Bytes, RecordError> {
        if len > self.rest.len() {
            return Err(RecordError::Truncated { wanted: len, left: self.rest.len() });
        }
        Ok(self.rest.split_to(len))
    }

    /// A count of things that follow, each at least `least` bytes: refused when they cannot all be there.
    pub fn count(&mut self, least: usize) -> Result<usize, RecordError> {
        let count = u32::take(self)? as usize;
        let wanted = count.saturating_mul(least.max(1));
        if wanted > self.rest.len() {
            return Err(RecordError::Truncated { wanted, left: self.rest.len() });
        }
        Ok(count)
    }

    pub fn take<T: Coded>(&mut self) -> Result<T, RecordError> {
        T::take(self)
    }

    /// All must have been read: more would mean that it was written by another layout.
    pub fn take_end(&mut self) -> Result<(), RecordError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(RecordError::Trailing { left }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let Some((head, _)) = self.rest.split_first_chunk::<N>() else {
            return Err(RecordError::Truncated { wanted: N, left: self.rest.len() });
        };
        let head = *head;
        let _ = self.rest.split_to(N);
        Ok(head)
    }
}

/// A length in front of what follows. Nothing that is put down comes near 4 GiB; were it ever to, the reader would refuse it.
pub fn put_len(out: &mut Vec<u8>, len: usize) {
    out.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
}

pub fn put_str(out: &mut Vec<u8>, text: &str) {
    put_len(out, text.len());
    out.put_slice(text.as_bytes());
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Coded for $number {
            const MIN_BYTES: usize = size_of::<$number>();
            fn put(&self, out: &mut Vec<u8>) {
                out.put_slice(&self.to_be_bytes());
            }
            fn take(from: &mut Reader) -> Result<Self, RecordError> {
                Ok(<$number>::from_be_bytes(from.array()?))
            }
        }
    )*};
}
numbers!(u8, i16, i32, u32, i64, u64);

impl Coded for bool {
    const MIN_BYTES: usize = 1;
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        match u8::take(from)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(RecordError::BadFlag(other)),
        }
    }
}

impl Coded for String {
    const MIN_BYTES: usize = 4;
    fn put(&self, out: &mut Vec<u8>) {
        put_str(out, self);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let len = from.count(1)?;
        let bytes = from.bytes(len)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| RecordError::BadText)?;
        Ok(text.to_owned())
    }
}

impl Coded for Bytes {
    const MIN_BYTES: usize = 4;
    fn put(&self, out: &mut Vec<u8>) {
        put_len(out, self.len());
        out.put_slice(self);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let len = from.count(1)?;
        from.bytes(len)
    }
}

impl<T: Coded> Coded for Vec<T> {
    const MIN_BYTES: usize = 4;
    fn put(&self, out: &mut Vec<u8>) {
        put_len(out, self.len());
        self.iter().for_each(|item| item.put(out));
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        let count = from.count(T::MIN_BYTES)?;
        (0..count).map(|_| T::take(from)).collect()
    }
}

impl<T: Coded> Coded for Arc<T> {
    const MIN_BYTES: usize = T::MIN_BYTES;
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        T::take(from).map(Arc::new)
    }
}

impl<T: Coded> Coded for Option<T> {
    const MIN_BYTES: usize = 1;
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(if bool::take(from)? { Some(T::take(from)?) } else { None })
    }
}

impl<A: Coded, B: Coded> Coded for (A, B) {
    const MIN_BYTES: usize = A::MIN_BYTES + B::MIN_BYTES;
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl Coded for TopicId {
    const MIN_BYTES: usize = 16;
    fn put(&self, out: &mut Vec<u8>) {
        out.put_slice(&self.0);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(TopicId(from.array()?))
    }
}

impl Coded for TopicPartition {
    const MIN_BYTES: usize = 20;
    fn put(&self, out: &mut Vec<u8>) {
        self.topic.put(out);
        self.partition.put(out);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(TopicPartition { topic: from.take()?, partition: from.take()? })
    }
}

impl Coded for Lsn {
    const MIN_BYTES: usize = 8;
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(from: &mut Reader) -> Result<Self, RecordError> {
        Ok(Lsn(from.take()?))
    }
}
