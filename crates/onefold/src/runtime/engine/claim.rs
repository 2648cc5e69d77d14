//! Taking partitions over in a sink that holds their positions.
//!
//! What is written there before goes first, and may take for ever: a handler that does not end, a statement that does not.
//! So nobody waits for a claim: the engine polls on, hears signals and rebalances, and gives a claim up whose partitions
//! are not its own any more.

use std::sync::mpsc::{Receiver, TryRecvError, channel};

use super::Engine;
use super::Worker;
use super::origin::{Position, StartError};
use super::report::Whose;
use crate::boundary::sink::{ClaimAt, Claimed, SinkError};
use crate::log::{Bounds, CommittedAt};

/// A claim that is under way: one at a time.
pub(super) struct Claiming {
    pub(super) starts: Vec<(CommittedAt, Bounds)>,
    told: Receiver<Result<Vec<Claimed>, SinkError>>,
    task: tokio::task::JoinHandle<()>,
    since_ms: u64,
}

/// Given up: one that has not begun in the sink does not begin any more, and one that has opens no note (see
/// [`crate::boundary::sink::Sink::claim`]).
impl Drop for Claiming {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Longer than SQLite waits for another program's lock, which it names itself.
const HANGS_MS: u64 = 7_000;

impl Engine {
    /// Begins to take these over. [`Engine::go_on_claiming`] hears the answer.
    pub(super) fn claim(&mut self, starts: Vec<(CommittedAt, Bounds)>) -> Result<(), StartError> {
        let mut wanted = Vec::new();
        for (at, bounds) in &starts {
            let (partition, start) = (at.partition, self.configured_start(at.partition, *bounds)?);
            let Bounds { earliest, end } = *bounds;
            wanted.push(ClaimAt { partition, start, earliest, end, suspects: self.suspects_settings() });
        }
        let Worker::Sink(sink) = &self.worker else { return Ok(()) };
        let (claim, wake) = (sink.claim(wanted), self.inbox.waker());
        let (tell, told) = channel();
        let task = self.tokio.spawn(async move {
            // Nobody is left to hear it where the engine has ended.
            let _ = tell.send(claim.await);
            wake();
        });
        self.starting.claiming = Some(Claiming { starts, told, task, since_ms: self.clock.now_ms() });
        Ok(())
    }

    /// Starts what was claimed, when it is; whether there is an answer.
    pub(super) fn go_on_claiming(&mut self, claiming: Claiming) -> Result<bool, StartError> {
        let claimed = match claiming.told.try_recv() {
            Ok(claimed) => claimed?,
            Err(TryRecvError::Disconnected) => return Err(SinkError::Down("the claim was given up".into()).into()),
            Err(TryRecvError::Empty) => {
                self.say_that_it_hangs(&claiming);
                self.starting.claiming = Some(claiming);
                return Ok(false);
            }
        };
        let starts = claiming.starts.clone();
        for ((at, _), claim) in starts.iter().zip(&claimed) {
            self.remark_on_foreign_commit(at, claim);
        }
        let positions = claimed.into_iter().map(Position::of_claim).collect();
        self.read_from(positions, starts)?;
        Ok(true)
    }

    fn say_that_it_hangs(&mut self, claiming: &Claiming) {
        let Worker::Sink(sink) = &self.worker else { return };
        if self.clock.now_ms() < claiming.since_ms + HANGS_MS {
            return;
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
        self.report.unreachable(self.plan.name(), Whose::Sink, why);
    }
}
