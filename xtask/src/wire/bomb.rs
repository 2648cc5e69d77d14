//! A compressed batch that claims one record and unfolds to whatever size one likes.

use super::bytes::Out;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const GZIP: i16 = 1;

pub struct Bomb {
    /// In bytes.
    pub unfolded: usize,
}

impl Bomb {
    pub fn encode(&self) -> anyhow::Result<Vec<u8>> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // A record's length first, so that a reader believes that there is a record to come.
        gzip.write_all(&Out::default().varint(self.unfolded as i64).0)?;
        let zeros = vec![0; 1 << 20];
        for _ in 0..self.unfolded / zeros.len() {
            gzip.write_all(&zeros)?;
        }
        let records = gzip.finish()?;
        let checked = Out::default().i16(GZIP).i32(0).i64(1).i64(1).i64(-1).i16(-1).i32(-1).i32(1).raw(&records);
        let crc = crc32c::crc32c(&checked.0) as i32;
        Ok(Out::default().i64(0).i32(checked.0.len() as i32 + 9).i32(-1).i8(2).i32(crc).raw(&checked.0).0)
    }
}
