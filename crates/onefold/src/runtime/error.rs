//! Why pipelines did not run, or ended before their time.

use onefold_core::guarantee::Refusal;

use crate::boundary::sink::SinkError;
use crate::log::LogError;

/// Why `onefold::run` failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A declared guarantee is above the computed one: change the parts or the declaration. Nothing was started.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The sink's position belongs to another cluster or topic: a person must choose. Nothing was started.
    #[error("{0}")]
    ForeignPosition(String),
    /// The description of a pipeline does not fit together. Nothing was started.
    #[error("{0}")]
    Wrong(String),
    /// The cluster or the sink cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// A pipeline ended by itself.
    #[error("pipeline {name} stopped: {reason}")]
    Stopped { name: String, reason: String },
}

impl RunError {
    /// Whether it was refused before anything ran (exit code 3).
    pub fn is_refusal(&self) -> bool {
        matches!(self, RunError::Refused(_) | RunError::ForeignPosition(_))
    }
}

impl From<SinkError> for RunError {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Foreign(text) => RunError::ForeignPosition(text),
            SinkError::Setup(text) => RunError::Wrong(text),
            SinkError::Down(text) => RunError::Unusable(text),
        }
    }
}

impl From<LogError> for RunError {
    fn from(error: LogError) -> Self {
        RunError::Unusable(error.to_string())
    }
}
