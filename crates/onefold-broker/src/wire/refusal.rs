//! A refusal with a text: what the client's code acts on, and what its user reads.

use std::borrow::Cow;

use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::ErrorCode;

/// Kafka's text where a topic or a partition is not there.
pub(super) const NOT_HOSTED: &str = "This server does not host this topic-partition.";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { code, message: message.into() }
    }

    pub(super) fn text(&self) -> Option<StrBytes> {
        Some(StrBytes::from_string(self.message.clone().into_owned()))
    }
}

/// The code and text of a result: 0 and null for success.
pub(super) fn verdict<T>(result: &Result<T, Refusal>) -> (i16, Option<StrBytes>) {
    match result {
        Ok(_) => (ErrorCode::NONE.0, None),
        Err(refusal) => (refusal.code.0, refusal.text()),
    }
}
