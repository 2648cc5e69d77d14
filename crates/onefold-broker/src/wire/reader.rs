//! Checked reading of primitive types from bytes that a peer sent. Nothing is allocated here, and nothing is read past
//! the end.

use super::Malformed;

/// A cursor over one request.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Flexible versions write lengths as varints, one more than they are, and end each struct with tagged fields.
    flexible: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], flexible: bool) -> Reader<'a> {
        Reader { bytes, at: 0, flexible }
    }

    /// Where the cursor stands, from the start of the bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        if length > self.remaining() {
            return Err(Malformed("a length goes past the end of the request"));
        }
        let taken = &self.bytes[self.at..self.at + length];
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    pub(super) fn i8(&mut self) -> Result<i8, Malformed> {
        self.array().map(i8::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn uuid(&mut self) -> Result<[u8; 16], Malformed> {
        self.array()
    }

    pub(super) fn unsigned_varint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| Malformed("a varint exceeds 32 bits"));
            }
        }
        Err(Malformed("a varint has more than five bytes"))
    }

    /// The length of a string, `None` for null. Kafka has none longer than the older form can say, and names that are
    /// compared and hashed for each partition of a request must not be.
    pub(super) fn string_length(&mut self) -> Result<Option<usize>, Malformed> {
        let length = if self.flexible { i64::from(self.unsigned_varint()?) - 1 } else { i64::from(self.i16()?) };
        match length > i64::from(i16::MAX) {
            true => Err(Malformed("a string has more than 32767 bytes")),
            false => nullable(length),
        }
    }

    /// The length of an array or of bytes, `None` for null.
    pub(super) fn length(&mut self) -> Result<Option<usize>, Malformed> {
        let length = if self.flexible { i64::from(self.unsigned_varint()?) - 1 } else { i64::from(self.i32()?) };
        nullable(length)
    }

    pub(super) fn string(&mut self) -> Result<Option<&'a str>, Malformed> {
        match self.string_length()? {
            None => Ok(None),
            Some(length) => {
                let bytes = self.take(length)?;
                std::str::from_utf8(bytes).map(Some).map_err(|_| Malformed("a string is not UTF-8"))
            }
        }
    }

    /// How many elements follow; refuses counts that the rest of the request cannot hold.
    pub(super) fn count(&mut self, smallest: usize) -> Result<usize, Malformed> {
        let count = self.length()?.unwrap_or(0);
        if count > self.remaining() / smallest {
            return Err(Malformed("an array claims more elements than the request can hold"));
        }
        Ok(count)
    }

    /// Calls `known` for each tagged field with its tag and bytes; nothing in versions that have none.
    pub(super) fn tags(
        &mut self,
        mut known: impl FnMut(u32, &'a [u8]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if !self.flexible {
            return Ok(());
        }
        let count = self.unsigned_varint()? as usize;
        if count > self.remaining() / 2 {
            return Err(Malformed("more tagged fields than the request can hold"));
        }
        for _ in 0..count {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()? as usize;
            known(tag, self.take(size)?)?;
        }
        Ok(())
    }

    pub(super) fn skip_tags(&mut self) -> Result<(), Malformed> {
        self.tags(|_, _| Ok(()))
    }
}

fn nullable(length: i64) -> Result<Option<usize>, Malformed> {
    match length {
        -1 => Ok(None),
        length => usize::try_from(length).map(Some).map_err(|_| Malformed("a length is negative")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_the_end_is_refused_before_anything_is_taken() {
        let mut bytes = i32::MAX.to_be_bytes().to_vec();
        bytes.extend_from_slice(b"abc");
        assert!(Reader::new(&bytes, false).count(1).is_err());
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1], true);
        assert!(reader.count(1).is_err());
    }

    #[test]
    fn varints_end_after_five_bytes_and_fit_32_bits() {
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f], true).unsigned_varint(), Ok(u32::MAX));
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x7f], true).unsigned_varint().is_err());
        assert!(Reader::new(&[0x80; 6], true).unsigned_varint().is_err());
    }

    #[test]
    fn no_string_is_longer_than_the_older_form_can_say() {
        let of =
            |length: u32| [(length + 1) as u8 | 0x80, ((length + 1) >> 7) as u8 | 0x80, ((length + 1) >> 14) as u8];
        assert_eq!(Reader::new(&of(32_767), true).string_length(), Ok(Some(32_767)));
        assert!(Reader::new(&of(32_768), true).string_length().is_err());
    }

    #[test]
    fn null_and_empty_strings_are_told_apart_in_both_forms() {
        assert_eq!(Reader::new(&[0xff, 0xff], false).string(), Ok(None));
        assert_eq!(Reader::new(&[0, 0], false).string(), Ok(Some("")));
        assert_eq!(Reader::new(&[0], true).string(), Ok(None));
        assert_eq!(Reader::new(&[1], true).string(), Ok(Some("")));
    }
}
