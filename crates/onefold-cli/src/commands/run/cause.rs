//! What asks a run to end before it ends by itself: a signal, or the time that a drain was given.

use super::watch::Watch;
use crate::commands::stop::{Signal, Wishes};
use crate::exit::Failure;
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Signal(Signal),
    /// `--drain-timeout`, and how long that was.
    TimeUp(Duration),
}

/// What asked the run to end, once something has.
pub type Asked = Receiver<Option<Cause>>;

/// Set from the first signal or the end of the time on; another signal ends the process. The end of the time is a first
/// wish like a SIGTERM: one that a supervisor sends just then, for the same reason, says nothing new.
pub fn watched(watch: &Watch, limit: Option<Duration>) -> Asked {
    let (raise, raised) = tokio::sync::watch::channel(None);
    let (mut wishes, watch) = (Wishes::listen(), watch.clone());
    tokio::spawn(async move {
        let cause = tokio::select! {
            signal = wishes.first() => Cause::Signal(signal),
            limit = over(limit) => Cause::TimeUp(limit),
        };
        let at = Instant::now();
        watch.draining(cause);
        raise.send_replace(Some(cause));
        let first = if let Cause::Signal(signal) = cause { signal } else { Signal::Terminate };
        // Never returns, and must not: dropping the sender would look like an end without a cause.
        wishes.end_at_another(first, at).await;
    });
    raised
}

async fn over(limit: Option<Duration>) -> Duration {
    match limit {
        Some(limit) => {
            tokio::time::sleep(limit).await;
            limit
        }
        None => std::future::pending().await,
    }
}

pub async fn raised(mut asked: Asked) {
    // The sender lives as long as the process.
    if asked.wait_for(Option::is_some).await.is_err() {
        std::future::pending().await
    }
}

/// Exit code 4, of a run that did not end well either.
pub fn ended_late(limit: Duration, why: &dyn std::error::Error) -> Failure {
    late(limit, &format!("\n  {why}"))
}

/// Exit code 4. `left` is what is not done, and `dead` what is done for, a line each.
pub fn not_in_time(limit: Duration, left: &str, dead: &str) -> Failure {
    late(limit, &format!("{left}{dead}\n  nothing is lost: run it again, and it goes on where it was"))
}

fn late(limit: Duration, what: &str) -> Failure {
    Failure::not_in_time(format!("not drained within {}{what}", humantime::format_duration(limit)))
}
