//! Answers on their way from the half of a connection that decides to the half that writes.
//!
//! Both halves run in one task, the reading half first, so what is pushed is seen by the writer in the same turn and
//! nobody has to be woken for it. A channel would wake its own task, and with it a thread that finds nothing to do, once
//! for every request.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A queue of at most so many items.
pub(super) struct Queue<T> {
    limit: usize,
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    items: VecDeque<T>,
    closed: bool,
    /// Waits for an item.
    taker: Option<Waker>,
    /// Waits for room.
    giver: Option<Waker>,
}

impl<T> Queue<T> {
    pub(super) fn new(limit: usize) -> Queue<T> {
        let inner = Inner { items: VecDeque::new(), closed: false, taker: None, giver: None };
        Queue { limit: limit.max(1), inner: Mutex::new(inner) }
    }

    /// Waits for room, then adds the item. The taker must be polled after the giver wherever both share a task.
    pub(super) async fn push(&self, item: T) {
        let mut item = Some(item);
        poll_fn(|context| self.poll_push(&mut item, context)).await;
    }

    /// The oldest item; none when the queue is closed and empty.
    pub(super) async fn pop(&self) -> Option<T> {
        poll_fn(|context| self.poll_pop(context)).await
    }

    /// The oldest item, if there is one now.
    pub(super) fn try_pop(&self) -> Option<T> {
        self.inner().take()
    }

    /// No more is coming.
    pub(super) fn close(&self) {
        let mut inner = self.inner();
        inner.closed = true;
        if let Some(taker) = inner.taker.take() {
            taker.wake();
        }
    }

    fn poll_push(&self, item: &mut Option<T>, context: &Context<'_>) -> Poll<()> {
        let mut inner = self.inner();
        if inner.items.len() >= self.limit {
            inner.giver = Some(context.waker().clone());
            return Poll::Pending;
        }
        inner.items.extend(item.take());
        // A taker in this very task is polled next; only one elsewhere has to be woken.
        match inner.taker.take() {
            Some(taker) if !taker.will_wake(context.waker()) => taker.wake(),
            _ => {}
        }
        Poll::Ready(())
    }

    fn poll_pop(&self, context: &Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.inner();
        match inner.take() {
            Some(item) => Poll::Ready(Some(item)),
            None if inner.closed => Poll::Ready(None),
            None => {
                inner.taker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Inner<T> {
    fn take(&mut self) -> Option<T> {
        let item = self.items.pop_front();
        if let Some(giver) = self.giver.take_if(|_| item.is_some()) {
            giver.wake();
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn all_arrive_in_order_between_tasks_too() {
        let queue = std::sync::Arc::new(Queue::new(3));
        let giver = queue.clone();
        let giving = tokio::spawn(async move {
            for number in 0..1000 {
                giver.push(number).await;
            }
            giver.close();
        });
        let mut taken = Vec::new();
        while let Some(number) = queue.pop().await {
            taken.push(number);
        }
        giving.await.expect("no panic");
        assert_eq!(taken, (0..1000).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_full_queue_holds_back_its_giver_within_one_task() {
        let queue = Queue::new(1);
        let giving = async {
            for number in 0..10 {
                queue.push(number).await;
            }
            queue.close();
        };
        let taking = async {
            let mut taken = Vec::new();
            while let Some(number) = queue.pop().await {
                assert!(queue.inner().items.len() <= 1);
                taken.push(number);
            }
            taken
        };
        let ((), taken) = tokio::join!(biased; giving, taking);
        assert_eq!(taken, (0..10).collect::<Vec<_>>());
    }
}
