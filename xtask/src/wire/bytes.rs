//! Kafka's primitive types, to and from bytes.

use anyhow::{Context, bail};

#[derive(Default)]
pub struct Out(pub Vec<u8>);

impl Out {
    pub fn i8(mut self, value: i8) -> Out {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn i16(mut self, value: i16) -> Out {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn i32(mut self, value: i32) -> Out {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn i64(mut self, value: i64) -> Out {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn string(self, text: &str) -> Out {
        self.i16(text.len() as i16).raw(text.as_bytes())
    }

    pub fn no_string(self) -> Out {
        self.i16(-1)
    }

    pub fn bytes(self, bytes: &[u8]) -> Out {
        self.i32(bytes.len() as i32).raw(bytes)
    }

    pub fn raw(mut self, bytes: &[u8]) -> Out {
        self.0.extend(bytes);
        self
    }

    /// Zigzag varint, as inside record batches.
    pub fn varint(mut self, value: i64) -> Out {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
        self
    }

    pub fn var_bytes(self, bytes: Option<&[u8]>) -> Out {
        match bytes {
            Some(bytes) => self.varint(bytes.len() as i64).raw(bytes),
            None => self.varint(-1),
        }
    }
}

pub struct In<'a>(pub &'a [u8]);

impl<'a> In<'a> {
    pub fn take(&mut self, count: usize) -> anyhow::Result<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count).context("the answer is too short")?;
        self.0 = rest;
        Ok(head)
    }

    pub fn i8(&mut self) -> anyhow::Result<i8> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    pub fn i16(&mut self) -> anyhow::Result<i16> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> anyhow::Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> anyhow::Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A nullable string; null reads as empty.
    pub fn string(&mut self) -> anyhow::Result<String> {
        let length = self.i16()?.max(0) as usize;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    /// Nullable bytes; null reads as empty.
    pub fn bytes(&mut self) -> anyhow::Result<&'a [u8]> {
        let length = self.i32()?.max(0) as usize;
        self.take(length)
    }

    /// An array's items, each read by `item`.
    pub fn each<T>(&mut self, mut item: impl FnMut(&mut Self) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
        (0..self.i32()?.max(0)).map(|_| item(self)).collect()
    }

    pub fn varint(&mut self) -> anyhow::Result<i64> {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
            if shift > 63 {
                bail!("a varint without an end");
            }
        }
    }

    pub fn var_bytes(&mut self) -> anyhow::Result<Option<&'a [u8]>> {
        match self.varint()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length)?).map(Some),
        }
    }

    fn array<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        Ok(self.take(N)?.try_into()?)
    }
}
