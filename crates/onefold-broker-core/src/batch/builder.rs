//! Writes batches as a client would: for tests, benchmarks and tools. The broker itself never makes one from records.

use super::header::{CRC_AT, HEADER_BYTES, PREFIX_BYTES, TRANSACTIONAL_BIT};
use super::patch::checksum;

/// Collects records, then writes them as one batch of magic 2, base offset 0.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    producer: (i64, i16, i32),
    attributes: i16,
    timestamps: Option<(i64, i64)>,
    count: i32,
    records: Vec<u8>,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        BatchBuilder { producer: (-1, -1, -1), attributes: 0, timestamps: None, count: 0, records: Vec::new() }
    }
}

impl BatchBuilder {
    pub fn new() -> Self {
        BatchBuilder::default()
    }

    /// Of an idempotent producer: its id, epoch, and the first record's sequence.
    #[must_use]
    pub fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        self.producer = (id, epoch, base_sequence);
        self
    }

    #[must_use]
    pub fn transactional(self) -> Self {
        self.attributes(TRANSACTIONAL_BIT)
    }

    /// Further bits of the attributes, as they are.
    #[must_use]
    pub fn attributes(mut self, bits: i16) -> Self {
        self.attributes |= bits;
        self
    }

    #[must_use]
    pub fn record(mut self, timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        let (base_ms, greatest_ms) = self.timestamps.unwrap_or((timestamp_ms, timestamp_ms));
        self.timestamps = Some((base_ms, greatest_ms.max(timestamp_ms)));
        let mut record = vec![0];
        put_varlong(&mut record, timestamp_ms.wrapping_sub(base_ms));
        put_varlong(&mut record, self.count.into());
        put_nullable(&mut record, key);
        put_nullable(&mut record, value);
        put_varlong(&mut record, 0);
        put_varlong(&mut self.records, record.len() as i64);
        self.records.extend_from_slice(&record);
        self.count += 1;
        self
    }

    /// So many records of the same value and time, without keys.
    #[must_use]
    pub fn records(mut self, count: i32, timestamp_ms: i64, value: &[u8]) -> Self {
        for _ in 0..count {
            self = self.record(timestamp_ms, None, Some(value));
        }
        self
    }

    pub fn build(&self) -> Vec<u8> {
        self.build_compressed(0, <[u8]>::to_vec)
    }

    /// With the records as `compress` makes them, under Kafka's number for that codec.
    pub fn build_compressed(&self, codec: i16, compress: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let records = compress(&self.records);
        let (base_ms, greatest_ms) = self.timestamps.unwrap_or((-1, -1));
        let (producer_id, producer_epoch, base_sequence) = self.producer;
        let mut batch = Vec::with_capacity(HEADER_BYTES + records.len());
        batch.extend_from_slice(&0i64.to_be_bytes());
        batch.extend_from_slice(&((HEADER_BYTES - PREFIX_BYTES + records.len()) as i32).to_be_bytes());
        batch.extend_from_slice(&(-1i32).to_be_bytes());
        batch.push(2);
        batch.extend_from_slice(&[0; 4]);
        batch.extend_from_slice(&(self.attributes | codec).to_be_bytes());
        batch.extend_from_slice(&(self.count - 1).to_be_bytes());
        batch.extend_from_slice(&base_ms.to_be_bytes());
        batch.extend_from_slice(&greatest_ms.to_be_bytes());
        batch.extend_from_slice(&producer_id.to_be_bytes());
        batch.extend_from_slice(&producer_epoch.to_be_bytes());
        batch.extend_from_slice(&base_sequence.to_be_bytes());
        batch.extend_from_slice(&self.count.to_be_bytes());
        batch.extend_from_slice(&records);
        let crc = checksum(&batch);
        batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
        batch
    }
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varlong(out, -1),
        Some(bytes) => {
            put_varlong(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}

fn put_varlong(out: &mut Vec<u8>, number: i64) {
    let mut raw = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while raw >= 0x80 {
        out.push(raw as u8 | 0x80);
        raw >>= 7;
    }
    out.push(raw as u8);
}
