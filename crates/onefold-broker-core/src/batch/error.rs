//! Why a client's batch is refused.

use crate::error::ErrorCode;

/// A refusal: the code the client acts on, and a text for whoever debugs it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message} ({code})")]
pub struct BatchError {
    pub code: ErrorCode,
    pub message: &'static str,
    /// The records within the batch at fault, where some are (they go out as `record_errors`, by which clients find the
    /// messages to fail; the others of the batch they may send again).
    pub records: Vec<i32>,
}

impl BatchError {
    pub(crate) const fn new(code: ErrorCode, message: &'static str) -> Self {
        BatchError { code, message, records: Vec::new() }
    }

    /// The batch is whole, but what it says cannot be stored.
    pub(crate) const fn invalid(message: &'static str) -> Self {
        BatchError::new(ErrorCode::INVALID_RECORD, message)
    }

    /// The bytes are not what was sent.
    pub(crate) const fn corrupt(message: &'static str) -> Self {
        BatchError::new(ErrorCode::CORRUPT_MESSAGE, message)
    }
}
