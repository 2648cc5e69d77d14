//! What reaches an engine from other threads.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onefold_core::lane::Slot;

use crate::boundary::sink::TxDone;
use crate::log::LogError;

/// A message to an engine.
pub(super) enum Message {
    /// What was given to the sink together has ended.
    Ended(Vec<(Slot, TxDone)>),
    /// An attempt on tokio has ended; whether it took no longer than a hop to another thread is worth.
    Ran { slot: Slot, done: TxDone, quick: bool },
    /// A dead letter is acknowledged, or is not.
    Buried(Slot, Result<(), LogError>),
    /// The relay went over the stored verdicts once.
    Relayed(Result<usize, LogError>),
    /// Notes of owners are durable in the sink, or are not.
    Noted(super::engine::Noted),
    /// Drain and end.
    Stop,
}

/// The engine's one place to wait.
#[derive(Default)]
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    messages: Vec<Message>,
    /// There may be something to poll in the log.
    log_woke: bool,
}

impl Inbox {
    pub(super) fn push(&self, message: Message) {
        let mut queue = self.lock();
        queue.messages.push(message);
        if queue.messages.len() == 1 {
            self.arrived.notify_one();
        }
    }

    pub(super) fn waker(self: &Arc<Self>) -> Arc<dyn Fn() + Send + Sync> {
        let inbox = self.clone();
        Arc::new(move || {
            inbox.lock().log_woke = true;
            inbox.arrived.notify_one();
        })
    }

    /// Takes all messages; waits for one, or for the log, at most so long.
    pub(super) fn take(&self, into: &mut Vec<Message>, wait: Duration) {
        let mut queue = self.lock();
        if queue.messages.is_empty() && !queue.log_woke && !wait.is_zero() {
            queue = self.arrived.wait_timeout(queue, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.log_woke = false;
        into.append(&mut queue.messages);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
