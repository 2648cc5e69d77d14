//! What an error on the way to an endpoint means: whether the request can have arrived is all that matters.

use crate::outcome::Failure;
use std::error::Error;

pub(super) fn meaning(error: &reqwest::Error) -> Failure {
    let text = innermost(error);
    if error.is_builder() {
        return Failure::poison(text);
    }
    if error.is_connect() {
        // Nothing went out, and nobody looked at the record: no fault of its own, not even the first time. One that makes
        // the endpoint fall over is told from it by the connection that broke after the request was sent.
        return Failure::sink_down(format!("cannot connect: {text}")).without_effect();
    }
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
