//! Talking to a broker from a command: where it is, whether it is there, what it holds.

mod assignment;
pub mod embedded;
pub mod find;
pub mod names;
pub mod offsets;
mod probe;
pub mod reach;
pub mod retention;
pub mod topics;

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::time::Duration;

/// How long a broker that is there may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a client recovers from it by itself, once the broker is there again.
pub fn is_passing(why: &KafkaError) -> bool {
    let code = why.rdkafka_error_code();
    matches!(code, Some(Code::BrokerTransportFailure | Code::AllBrokersDown | Code::OperationTimedOut | Code::Resolve))
}
