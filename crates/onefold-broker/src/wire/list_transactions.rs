//! ListTransactions (66), versions 0 and 1 (KIP-664): there are none, since no transactional id is let in.
//!
//! State filters that Kafka does not know come back as such. Missing: version 2, whose pattern would have to be checked
//! (KIP-1152).

use std::collections::BTreeSet;

use kafka_protocol::messages::{ListTransactionsRequest, ListTransactionsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::Lsn;

use super::shape::{STRINGS, Shape, fixed, plain};
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 0, fields: &[STRINGS, plain(&fixed(8)), fixed(8).since(1)] };

const STATES: [&str; 8] = [
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "Dead",
    "PrepareEpochFence",
];

pub(super) fn answer(_: Call<'_>, request: ListTransactionsRequest) -> Result<(ListTransactionsResponse, Lsn), Fault> {
    let mut seen = BTreeSet::new();
    let mut is_unknown = |state: &StrBytes| !STATES.contains(&state.as_str()) && seen.insert(state.clone());
    let unknown = request.state_filters.into_iter().filter(&mut is_unknown).collect();
    Ok((ListTransactionsResponse::default().with_unknown_state_filters(unknown), Lsn::NONE))
}
