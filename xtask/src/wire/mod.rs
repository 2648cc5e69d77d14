//! A Kafka client of a few hundred lines: what campaigns need to repeat a request byte for byte after a crash, and
//! what benchmarks need to put the same load on every broker. It keeps to the old, inflexible versions that every
//! broker of today still speaks, and shares no code with Onefold.

mod batch;
mod bomb;
mod bytes;
mod calls;
mod connection;

pub use batch::{Batch, Received, Sender, last_offset, now_ms, records, set_sequence};
pub use bomb::Bomb;
pub use calls::{
    Appended, create_topic, end_offset, fetch, fetch_request, init_producer, parse_fetch, partitions, produce_request,
    produced,
};
pub use connection::Connection;

/// Kafka's numbers of its APIs.
pub mod api {
    pub const PRODUCE: (i16, i16) = (0, 7);
    pub const FETCH: (i16, i16) = (1, 11);
    pub const LIST_OFFSETS: (i16, i16) = (2, 4);
    pub const METADATA: (i16, i16) = (3, 4);
    pub const CREATE_TOPICS: (i16, i16) = (19, 2);
    pub const INIT_PRODUCER_ID: (i16, i16) = (22, 1);
}
