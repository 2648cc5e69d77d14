//! Record batches as Kafka puts them on the wire (magic 2), and as they are stored: the same bytes, never re-encoded.
//!
//! What happens here: reading the 61-byte header, checking a client's batch in Kafka's order with Kafka's error codes,
//! walking its records (through any compression, with bounded memory), and writing the few fields a broker owns. What must
//! not: keeping a record's parts, or converting older formats.
//!
//! Source: Kafka's message format page; LogValidator and UnifiedLog for the order of checks; KIP-98, KIP-283, KIP-110.

mod builder;
mod error;
mod find;
mod header;
mod inflate;
mod limits;
mod marker;
mod patch;
mod snappy;
mod validate;
mod varint;
mod walk;

pub use builder::BatchBuilder;
pub use error::BatchError;
pub use find::{newest_since, record_at_time};
pub use header::{Codec, HEADER_BYTES, Header};
pub use limits::{Limits, MAX_DECOMPRESSED_BYTES, Timestamps};
pub use marker::{MARKER_BYTES, marker};
pub use patch::{checksum, patch, set_append_time, set_max_timestamp};
pub use validate::{accept, settle_time, validate};
