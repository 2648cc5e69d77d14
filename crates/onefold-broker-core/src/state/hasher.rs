//! Hashing of topic ids, the same in every run.
//!
//! The ids are random and the broker's own, so eight of their bytes are a hash already and no client can choose them to
//! collide; and a table that is not seeded per process keeps this crate free of chance.

use std::hash::{BuildHasherDefault, Hasher};

pub(super) type TopicIdHasher = BuildHasherDefault<FirstBytes>;

#[derive(Default)]
pub(super) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        // Spread to the high bits, which the table also looks at, for ids that tests count up.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0u8; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(eight);
        }
    }

    fn write_usize(&mut self, _length_prefix: usize) {}
}
