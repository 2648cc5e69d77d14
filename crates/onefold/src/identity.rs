//! Who a record is: what its producer called it, or where it stands.

pub use onefold_core::identity::{Identity, Origin};

use crate::record::Record;

/// The id a producer gave an event: unique per source, the same on every repeat (CloudEvents 1.0, `source` + `id`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    pub source: String,
    pub id: String,
}

/// 32 hexadecimal digits that stand for an identity: for headers, logs and idempotency keys.
pub fn short_hex(identity: &Identity) -> String {
    blake3::hash(&identity.bytes()).to_hex()[..32].to_owned()
}

/// What tells one payload from another under the same identity.
pub(crate) fn digest_of(record: &Record) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    // A tombstone is another payload than an empty value.
    hasher.update(&[u8::from(record.value.is_some())]);
    hasher.update(record.payload());
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}
