//! Which record may run next: each key in order, many keys at once, a failing key alone.
//!
//! Records with one key share a lane. A lane gives out its oldest record and no other, until that one is settled or
//! goes back to wait for its next attempt; its followers wait with it and are never tried, so they burn no attempts.
//! All other lanes flow. Two records with one identity never run at once, whatever their keys.
//!
//! What happens here: [`Lanes`] holds what was delivered and not settled, says what may run, and says when a
//! partition should deliver no more. What must not: nothing here decides *whether* a record is tried again, and
//! nothing reads a clock; `now` comes with the call.

mod chain;
mod identities;
mod key;
mod lanes;
mod load;
mod settings;
mod slab;
mod take;

#[cfg(test)]
mod lane_model;
#[cfg(test)]
mod reference_tests;

pub use key::hash;
pub use lanes::{Arrival, Lanes};
pub use load::{Full, Tally};
pub use settings::{Budget, LaneSettings, Order};
pub use slab::Slot;
