//! Sockets: accept, read frames, hand each request to `wire`, write the answers in the order of their requests.
//!
//! An answer leaves when the newest journal record its content depends on is durable; this room is the only place that
//! waits for that, so no API can forget it. Nothing here knows what a request means, and nothing here allocates by a
//! length that a peer only claims.

mod accept;
mod budget;
mod connection;
mod early;
mod frames;
mod low_water;
mod queue;
mod release;
mod turns;
mod write;

pub(crate) use accept::{Stop, accept};
pub(crate) use budget::{Budget, FREE_BYTES, Held, InFlight};
