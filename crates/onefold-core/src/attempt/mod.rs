//! What follows from the end of one attempt.
//!
//! What happens here: [`judge()`] turns what a handler or its error said into a verdict; [`RetryPolicy`] says how long to
//! wait; [`Breaker`] says when it is the sink that is down and not a record that fails; [`PauseReasons`] keeps the
//! several reasons of one pause apart. What must not: nothing here waits, draws a random number or touches a lane.

mod breaker;
mod judge;
mod pause;
mod policy;

#[cfg(test)]
mod breaker_tests;
#[cfg(test)]
mod table_tests;

pub use breaker::{Breaker, BreakerSettings, DownReason, DownReasons, Gate};
pub use judge::{Because, Dead, Ended, Repetition, Tries, Verdict, judge};
pub use pause::{PauseReason, PauseReasons};
pub use policy::{RETRY_AFTER_MS, RetryPolicy};
