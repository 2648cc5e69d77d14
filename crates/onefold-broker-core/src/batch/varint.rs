//! Numbers of one to ten bytes, as records have them (Protocol Buffers' zig-zag form).

use super::BatchError;

/// Where a record's bytes come from: a slice, or a decompressor.
pub(super) trait Source {
    fn byte(&mut self) -> Result<u8, BatchError>;

    fn skip(&mut self, count: usize) -> Result<(), BatchError>;

    /// Bytes taken so far.
    fn taken(&self) -> u64;

    /// Whether nothing follows.
    fn at_end(&mut self) -> Result<bool, BatchError>;

    /// A 32-bit number: at most five bytes.
    #[inline]
    fn varint(&mut self) -> Result<i32, BatchError> {
        let first = self.byte()?;
        let raw = if first < 0x80 { u64::from(first) } else { longer(self, first, 5)? };
        // What a fifth byte has above 32 bits is cut off, as Kafka does.
        let raw = raw as u32;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// A 64-bit number: at most ten bytes.
    #[inline]
    fn varlong(&mut self) -> Result<i64, BatchError> {
        let first = self.byte()?;
        let raw = if first < 0x80 { u64::from(first) } else { longer(self, first, 10)? };
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }
}

fn longer<S: Source + ?Sized>(source: &mut S, first: u8, most_bytes: u32) -> Result<u64, BatchError> {
    let mut raw = u64::from(first & 0x7f);
    for place in 1..most_bytes {
        let byte = source.byte()?;
        raw |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Ok(raw);
        }
    }
    Err(BatchError::invalid("a number within a record has too many bytes"))
}

/// Bytes that are all here.
pub(super) struct Slice<'a> {
    rest: &'a [u8],
    size: usize,
}

impl<'a> Slice<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Slice { rest: bytes, size: bytes.len() }
    }
}

pub(super) const ENDS_EARLY: BatchError = BatchError::invalid("a record reaches past the end of the batch");

impl Source for Slice<'_> {
    #[inline]
    fn byte(&mut self) -> Result<u8, BatchError> {
        let (first, rest) = self.rest.split_first().ok_or(ENDS_EARLY)?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    fn skip(&mut self, count: usize) -> Result<(), BatchError> {
        self.rest = self.rest.get(count..).ok_or(ENDS_EARLY)?;
        Ok(())
    }

    #[inline]
    fn taken(&self) -> u64 {
        (self.size - self.rest.len()) as u64
    }

    #[inline]
    fn at_end(&mut self) -> Result<bool, BatchError> {
        Ok(self.rest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{Slice, Source};

    #[test]
    fn numbers_read_as_kafka_writes_them() {
        for (bytes, number) in [
            (&[0x00][..], 0),
            (&[0x01], -1),
            (&[0x02], 1),
            (&[0x7f], -64),
            (&[0x80, 0x01], 64),
            (&[0xfe, 0xff, 0xff, 0xff, 0x0f], i32::MAX),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], i32::MIN),
        ] {
            assert_eq!(Slice::new(bytes).varint(), Ok(number));
            assert_eq!(Slice::new(bytes).varlong(), Ok(number.into()));
        }
        let longest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Slice::new(&longest).varlong(), Ok(i64::MIN));
    }

    #[test]
    fn a_number_without_end_is_refused() {
        assert!(Slice::new(&[0x80; 20]).varint().is_err());
        assert!(Slice::new(&[0x80; 20]).varlong().is_err());
        assert!(Slice::new(&[0x80]).varint().is_err());
    }
}
