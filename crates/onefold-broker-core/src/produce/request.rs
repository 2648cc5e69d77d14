//! The decisions of one Produce request, which must see each other.

use std::collections::BTreeSet;

use super::{Decision, ProduceError, decide};
use crate::batch::Header;
use crate::error::ErrorCode;
use crate::id::TopicPartition;
use crate::state::State;

/// Decides the batches of one request, all on the same state: none of them is applied before the last is decided.
#[derive(Debug)]
pub struct Deciding<'a> {
    state: &'a State,
    decided: BTreeSet<TopicPartition>,
}

impl<'a> Deciding<'a> {
    pub fn new(state: &'a State) -> Self {
        Deciding { state, decided: BTreeSet::new() }
    }

    /// As [`decide()`]; a second batch for one partition is refused, since the first has taken its place and sequence. No
    /// client sends that: a request maps partitions to one batch each.
    pub fn decide(&mut self, at: TopicPartition, header: &Header) -> Decision {
        if !self.decided.insert(at) {
            return Decision::Refuse(ProduceError {
                code: ErrorCode::INVALID_REQUEST,
                message: "the request names this partition twice",
            });
        }
        decide(self.state, at, header)
    }
}
