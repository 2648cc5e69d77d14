//! Record batches (magic 2), uncompressed.

use super::bytes::{In, Out};
use anyhow::bail;
use std::time::{SystemTime, UNIX_EPOCH};

const HEADER: usize = 61;

/// Who sends a batch, for idempotent producing.
#[derive(Clone, Copy)]
pub struct Sender {
    pub id: i64,
    pub epoch: i16,
    pub sequence: i32,
}

pub struct Batch<'a> {
    pub sender: Sender,
    pub timestamp_ms: i64,
    pub values: &'a [&'a [u8]],
}

impl Batch<'_> {
    pub fn encode(&self) -> Vec<u8> {
        let count = self.values.len() as i32;
        let mut checked = Out::default()
            .i16(0)
            .i32(count - 1)
            .i64(self.timestamp_ms)
            .i64(self.timestamp_ms)
            .i64(self.sender.id)
            .i16(self.sender.epoch)
            .i32(self.sender.sequence)
            .i32(count);
        for (delta, value) in self.values.iter().enumerate() {
            let record =
                Out::default().i8(0).varint(0).varint(delta as i64).varint(-1).var_bytes(Some(value)).varint(0);
            checked = checked.varint(record.0.len() as i64).raw(&record.0);
        }
        let crc = crc32c::crc32c(&checked.0) as i32;
        // Base offset 0, then all that follows the length: leader epoch, magic, checksum, the rest.
        Out::default().i64(0).i32(checked.0.len() as i32 + 9).i32(-1).i8(2).i32(crc).raw(&checked.0).0
    }
}

/// Milliseconds since 1970. Records of long ago would be gone by the topic's retention before they are read.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Gives an encoded batch another sequence.
pub fn set_sequence(batch: &mut [u8], sequence: i32) {
    batch[53..57].copy_from_slice(&sequence.to_be_bytes());
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// The offset of the last record of the last whole batch, from the headers alone.
pub fn last_offset(mut bytes: &[u8]) -> anyhow::Result<Option<i64>> {
    let mut last = None;
    while bytes.len() >= HEADER {
        let length = 12 + i32::from_be_bytes(bytes[8..12].try_into()?) as usize;
        let Some((batch, rest)) = bytes.split_at_checked(length) else { break };
        let delta = i32::from_be_bytes(batch[23..27].try_into()?);
        last = Some(i64::from_be_bytes(batch[..8].try_into()?) + i64::from(delta));
        bytes = rest;
    }
    Ok(last)
}

/// One record as a broker gives it.
#[derive(Debug)]
pub struct Received {
    pub offset: i64,
    pub value: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// The records of all whole batches, and the offset after the last one; control batches count but give none.
pub fn records(mut bytes: &[u8]) -> anyhow::Result<(Vec<Received>, Option<i64>)> {
    let (mut all, mut next) = (Vec::new(), None);
    while bytes.len() >= HEADER {
        let length = 12 + i32::from_be_bytes(bytes[8..12].try_into()?) as usize;
        // The last batch of an answer may be cut short.
        let Some((batch, rest)) = bytes.split_at_checked(length) else { break };
        bytes = rest;
        next = Some(one(batch, &mut all)?);
    }
    Ok((all, next))
}

fn one(batch: &[u8], all: &mut Vec<Received>) -> anyhow::Result<i64> {
    let mut read = In(batch);
    let base = read.i64()?;
    let (_length, _epoch, magic, crc) = (read.i32()?, read.i32()?, read.i8()?, read.i32()?);
    if magic != 2 || crc32c::crc32c(read.0) as i32 != crc {
        bail!("the batch at offset {base} is damaged (magic {magic})");
    }
    let (attributes, last) = (read.i16()?, read.i32()?);
    read.take(8 + 8 + 8 + 2 + 4)?;
    let count = read.i32()?;
    if attributes & 7 != 0 {
        bail!("the batch at offset {base} is compressed, which this client cannot read");
    }
    if attributes & 0x20 == 0 {
        for _ in 0..count {
            all.push(record(&mut read, base)?);
        }
    }
    Ok(base + i64::from(last) + 1)
}

fn record(read: &mut In, base: i64) -> anyhow::Result<Received> {
    let _length = read.varint()?;
    let (_attributes, _time, delta) = (read.i8()?, read.varint()?, read.varint()?);
    let _key = read.var_bytes()?;
    let value = read.var_bytes()?.unwrap_or_default().to_vec();
    let mut headers = Vec::new();
    for _ in 0..read.varint()? {
        let name = String::from_utf8_lossy(read.var_bytes()?.unwrap_or_default()).into_owned();
        headers.push((name, read.var_bytes()?.unwrap_or_default().to_vec()));
    }
    Ok(Received { offset: base + delta, value, headers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_reads_back_and_a_torn_end_is_left_alone() {
        let values: [&[u8]; 2] = [b"one", &[7; 300]];
        let bytes =
            Batch { sender: Sender { id: 9, epoch: 0, sequence: 5 }, timestamp_ms: 1, values: &values }.encode();
        let twice = [bytes.clone(), bytes[..80].to_vec()].concat();
        let (records, next) = records(&twice).expect("whole");
        assert_eq!(next, Some(2));
        assert_eq!(records.iter().map(|r| r.value.as_slice()).collect::<Vec<_>>(), values);
    }

    #[test]
    fn another_sequence_is_the_batch_that_would_have_been_made_with_it() {
        let batch = |sequence| {
            Batch { sender: Sender { id: 9, epoch: 0, sequence }, timestamp_ms: 1, values: &[b"one"] }.encode()
        };
        let mut changed = batch(5);
        set_sequence(&mut changed, 77);
        assert_eq!(changed, batch(77));
        assert_eq!(last_offset(&changed).expect("whole"), Some(0));
    }

    #[test]
    fn a_flipped_bit_is_seen() {
        let mut bytes =
            Batch { sender: Sender { id: -1, epoch: -1, sequence: -1 }, timestamp_ms: 1, values: &[b"one"] }.encode();
        *bytes.last_mut().expect("not empty") ^= 1;
        assert!(records(&bytes).is_err());
    }
}
