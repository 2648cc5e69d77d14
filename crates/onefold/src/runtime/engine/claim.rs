//! Taking partitions over in a sink that holds their positions.
//!
//! What is written there before goes first, and may take for ever: a handler that does not end, a statement that does not.
//! So nobody waits for a claim: the engine polls on, hears signals and rebalances, and gives a claim up whose partitions
//! are not its own any more.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::Engine;
use super::Worker;
use super::origin::{Position, StartError};
use super::report::Whose;
use crate::boundary::BoxFuture;
use crate::boundary::sink::{ClaimAt, Claimed, SinkError};
use crate::log::{Bounds, CommittedAt};

/// A claim that is under way: one at a time.
///
/// It is polled on the engine's own thread, so that it is given up at once when this is dropped: one that has not begun in
/// the sink does not begin any more, and of one that has, answered or not, no note stays open (see
/// [`crate::boundary::sink::Sink::claim`]), also not for a claim that is made right after it.
pub(super) struct Claiming {
    pub(super) starts: Vec<(CommittedAt, Bounds)>,
    answer: BoxFuture<'static, Result<Vec<Claimed>, SinkError>>,
    since_ms: u64,
    /// It was said that it takes long.
    is_said: bool,
}

impl Claiming {
    pub(super) fn is_said(&self) -> bool {
        self.is_said
    }
}

/// Wakes the engine, which then polls.
struct Woken(Arc<dyn Fn() + Send + Sync>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Longer than SQLite waits for another program's lock, which it names itself.
const HANGS_MS: u64 = 7_000;

impl Engine {
    /// Begins to take these over; whether they have started. [`Engine::go_on_claiming`] hears the answer.
    pub(super) fn claim(&mut self, starts: Vec<(CommittedAt, Bounds)>) -> Result<bool, StartError> {
        let mut wanted = Vec::new();
        for (at, bounds) in &starts {
            let (partition, start) = (at.partition, self.configured_start(at.partition, *bounds)?);
            let Bounds { earliest, end } = *bounds;
            wanted.push(ClaimAt { partition, start, earliest, end, suspects: self.suspects_settings() });
        }
        let Worker::Sink(sink) = &self.worker else { return Ok(true) };
        let (answer, since_ms) = (sink.claim(wanted), self.clock.now_ms());
        self.go_on_claiming(Claiming { starts, answer, since_ms, is_said: false })
    }

    /// Starts what was claimed, when it is; whether there is an answer.
    pub(super) fn go_on_claiming(&mut self, mut claiming: Claiming) -> Result<bool, StartError> {
        let waker = Waker::from(Arc::new(Woken(self.inbox.waker())));
        let claimed = match claiming.answer.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(claimed) => claimed?,
            Poll::Pending => {
                claiming.is_said |= self.say_that_it_hangs(&claiming);
                self.starting.claiming = Some(claiming);
                return Ok(false);
            }
        };
        let starts = claiming.starts;
        for ((at, _), claim) in starts.iter().zip(&claimed) {
            self.remark_on_foreign_commit(at, claim);
        }
        let positions = claimed.into_iter().map(Position::of_claim).collect();
        self.read_from(positions, starts)?;
        Ok(true)
    }

    /// Whether it does.
    fn say_that_it_hangs(&mut self, claiming: &Claiming) -> bool {
        let Worker::Sink(sink) = &self.worker else { return false };
        if self.clock.now_ms() < claiming.since_ms + HANGS_MS {
            return false;
        }
        let partitions: Vec<String> = claiming.starts.iter().map(|(at, _)| at.partition.to_string()).collect();
        let why = format!(
            "{} does not answer: {} {} of {} cannot be taken over there. What is written there before goes first, and \
             hangs: a handler or a statement that does not end",
            sink.name(),
            if partitions.len() == 1 { "partition" } else { "partitions" },
            partitions.join(", "),
            self.topic
        );
        self.is_unreachable(Whose::Sink, why);
        true
    }
}
