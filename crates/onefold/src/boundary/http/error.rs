//! What an error on the way to an endpoint means: whether the request can have arrived is all that matters.

use crate::outcome::Failure;
use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many attempts in a row found nobody to connect to.
#[derive(Debug, Default)]
pub(super) struct Connects {
    failed: AtomicU32,
}

impl Connects {
    pub fn succeeded(&self) {
        self.failed.store(0, Ordering::Relaxed);
    }

    /// Whether this is one too many in a row to blame on chance.
    fn failed(&self) -> bool {
        self.failed.fetch_add(1, Ordering::Relaxed) > 0
    }
}

pub(super) fn meaning(error: &reqwest::Error, connects: &Connects) -> Failure {
    let text = innermost(error);
    if error.is_builder() {
        return Failure::poison(text);
    }
    if error.is_connect() {
        // Nothing went out. Once may be chance; again is an endpoint that is not there, which is no record's fault.
        let text = format!("cannot connect: {text}");
        return match connects.failed() {
            true => Failure::sink_down(text),
            false => Failure::transient(text).without_effect(),
        };
    }
    connects.succeeded();
    if error.is_timeout() {
        return Failure::ambiguous("no answer in time: the request may have been taken");
    }
    Failure::ambiguous(format!("{text}: the request may have been taken"))
}

/// reqwest's own text names the URL, which can hold what a record says; the cause is what helps.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
