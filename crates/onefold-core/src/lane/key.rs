//! Hashing of keys and identities.

use std::hash::{BuildHasherDefault, Hasher};

/// A 64-bit hash of a record's key or identity.
///
/// Two keys with one hash share a lane: they wait for each other, and nothing is ever reordered. The same on every
/// machine and in every run, so that a seed replays.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut state = fold(bytes.len() as u64 ^ 0x9e37_79b9_7f4a_7c15, 0xa076_1d64_78bd_642f);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), 0xe703_7ed1_a0b4_28db);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(state ^ u64::from_le_bytes(last), 0x8ebc_6af0_9c88_c6e3) ^ state.rotate_left(29)
}

/// The folded multiplication of wyhash (Wang Yi, 2019): both halves of a 128-bit product.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// For maps whose keys are hashes already, or small numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = fold(self.0 ^ hash(bytes), 0xa076_1d64_78bd_642f);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = fold(self.0.rotate_left(5) ^ number ^ 0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db);
    }
}

pub(super) type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Mix>>;
