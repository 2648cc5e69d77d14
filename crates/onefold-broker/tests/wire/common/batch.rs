//! Record batches of magic 2, built by hand.

use bytes::{BufMut, Bytes, BytesMut};

/// What a batch says of itself. The default is one record, no producer, no compression.
#[derive(Clone)]
pub struct Batch {
    pub values: Vec<Vec<u8>>,
    pub attributes: i16,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub timestamp_ms: i64,
    pub base_offset: i64,
    pub keyed: bool,
}

/// A batch with these values.
pub fn batch<V: AsRef<[u8]>>(values: &[V]) -> Batch {
    Batch {
        values: values.iter().map(|value| value.as_ref().to_vec()).collect(),
        attributes: 0,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        timestamp_ms: 1_700_000_000_000,
        base_offset: 0,
        keyed: false,
    }
}

impl Batch {
    pub fn by(mut self, producer_id: i64, epoch: i16, sequence: i32) -> Batch {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (producer_id, epoch, sequence);
        self
    }

    pub fn at(mut self, timestamp_ms: i64) -> Batch {
        self.timestamp_ms = timestamp_ms;
        self
    }

    pub fn bytes(&self) -> Bytes {
        let mut records = BytesMut::new();
        for (delta, value) in self.values.iter().enumerate() {
            let mut record = BytesMut::new();
            record.put_u8(0);
            varint(&mut record, 0); // timestamp delta
            varint(&mut record, delta as i64);
            match self.keyed {
                true => {
                    varint(&mut record, 1);
                    record.put_u8(b'k');
                }
                false => varint(&mut record, -1),
            }
            varint(&mut record, value.len() as i64);
            record.put_slice(value);
            varint(&mut record, 0); // headers
            varint(&mut records, record.len() as i64);
            records.put_slice(&record);
        }
        self.around(&records)
    }

    /// A batch with this content, compressed or broken as it may be.
    pub fn around(&self, records: &[u8]) -> Bytes {
        let mut checked = BytesMut::new();
        checked.put_i16(self.attributes);
        checked.put_i32(self.values.len() as i32 - 1);
        checked.put_i64(self.timestamp_ms);
        checked.put_i64(self.timestamp_ms);
        checked.put_i64(self.producer_id);
        checked.put_i16(self.producer_epoch);
        checked.put_i32(self.base_sequence);
        checked.put_i32(self.values.len() as i32);
        checked.put_slice(records);
        let mut out = BytesMut::new();
        out.put_i64(self.base_offset);
        out.put_i32(checked.len() as i32 + 9);
        out.put_i32(-1); // leader epoch
        out.put_u8(2);
        out.put_u32(crc32c::crc32c(&checked));
        out.put_slice(&checked);
        out.freeze()
    }
}

fn varint(out: &mut BytesMut, value: i64) {
    let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
    while zigzag >= 0x80 {
        out.put_u8(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    out.put_u8(zigzag as u8);
}
