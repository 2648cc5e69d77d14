//! Where handlers run: here, on the engine's own thread, while they end at once; on tokio when they wait or take long.
//!
//! A hop to another thread and back costs more than most handlers do. A handler that waits for something is moved to
//! tokio as it stands. Who is slow without waiting (a long computation, a call that blocks) would keep the engine from
//! polling, so after a short while all attempts begin on tokio, on all of its threads, until they are quick again.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use onefold_core::lane::Slot;
use tokio_util::sync::ReusableBoxFuture;

use super::effects::{Effects, Job, Waiting};
use super::inbox::{Inbox, Message};
use crate::boundary::Place;
use crate::boundary::sink::TxDone;
use crate::record::Record;

/// One pipeline's handlers at work.
pub(super) struct Hands {
    pub(super) effects: Arc<Effects>,
    tokio: tokio::runtime::Handle,
    inbox: Arc<Inbox>,
    /// Attempts on tokio at once, at most.
    at_most: usize,
    on_tokio: usize,
    pace: Pace,
    /// The one place in memory for attempts that end at once.
    place: ReusableBoxFuture<'static, TxDone>,
    /// The same for effects that have nothing around them; `None` where they do.
    bare: Option<Place>,
}

/// No longer than this without polling the log. A poll of quick ones stays below it.
const LONGEST_HERE: coarsetime::Duration = coarsetime::Duration::from_millis(100);

impl Hands {
    pub(super) fn new(effects: Effects, tokio: tokio::runtime::Handle, inbox: Arc<Inbox>, at_most: usize) -> Hands {
        let place = ReusableBoxFuture::new(std::future::pending());
        let bare = effects.has_place().then(|| Place::new(std::future::pending()));
        Hands {
            effects: Arc::new(effects),
            tokio,
            inbox,
            at_most,
            on_tokio: 0,
            pace: Pace::Here { slow: 0 },
            place,
            bare,
        }
    }

    /// Whether one more attempt may begin.
    pub(super) fn has_room(&self) -> bool {
        self.on_tokio < self.at_most
    }

    /// An attempt on tokio has ended.
    pub(super) fn ended(&mut self, quick: bool) {
        self.on_tokio -= 1;
        self.pace.ended_on_tokio(quick);
    }

    /// Begins a few attempts, one after the other.
    pub(super) fn go(&self) -> Go {
        let here = matches!(self.pace, Pace::Here { .. });
        let began_about = coarsetime::Instant::now();
        Go { here, began: Instant::now(), began_about, looked: 0, ran: 0, waited: 0, is_stopped: false }
    }

    /// Whether the effect has nothing around it.
    pub(super) fn is_bare(&self) -> bool {
        self.bare.is_some()
    }

    /// Makes one attempt of an effect that has nothing around it, as far as it comes without waiting; `None` where there
    /// is something.
    pub(super) fn attempt_bare(&mut self, record: &Record, go: &mut Go) -> Option<Result<TxDone, Waiting>> {
        let attempt = self.effects.begin_in(record, self.bare.as_mut()?);
        go.ran += 1;
        go.waited += u32::from(attempt.is_err());
        Some(attempt)
    }

    /// Makes one attempt on this thread, as far as it comes without waiting.
    pub(super) fn attempt(&mut self, job: Job, go: &mut Go) -> Result<TxDone, Waiting> {
        go.ran += 1;
        self.place.set(self.effects.clone().run(job));
        match self.place.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Ok(done),
            Poll::Pending => {
                go.waited += 1;
                Err(Waiting(std::mem::replace(&mut self.place, ReusableBoxFuture::new(std::future::pending()))))
            }
        }
    }

    /// An attempt that waits for something goes on on tokio; its end comes as a message.
    pub(super) fn go_on(&mut self, slot: Slot, Waiting(attempt): Waiting) {
        self.on_tokio += 1;
        let inbox = self.inbox.clone();
        self.tokio.spawn(async move { inbox.push(Message::Ran { slot, done: attempt.await, quick: false }) });
    }

    /// Makes an attempt on tokio; its end comes as a message.
    pub(super) fn begin_on_tokio(&mut self, slot: Slot, job: Job) {
        self.on_tokio += 1;
        let (attempt, inbox) = (self.effects.clone().run(job), self.inbox.clone());
        self.tokio.spawn(async move {
            let mut attempt = std::pin::pin!(attempt);
            let began = Instant::now();
            let first = std::future::poll_fn(|cx| Poll::Ready(attempt.as_mut().poll(cx))).await;
            let (done, quick) = match first {
                Poll::Ready(done) => (done, began.elapsed() < QUICK),
                Poll::Pending => (attempt.await, false),
            };
            inbox.push(Message::Ran { slot, done, quick });
        });
    }

    /// Attempts begun together are over, or elsewhere.
    pub(super) fn end(&mut self, go: &Go) {
        if go.here && go.ran > 0 {
            self.pace.ended_here(go.looked, go.ran, go.waited, go.began.elapsed());
        }
    }
}

/// A few attempts that are begun one after the other, without polling the log between them.
pub(super) struct Go {
    here: bool,
    began: Instant,
    /// The same by a clock that is a few milliseconds off, and cheap enough to be asked at each record.
    began_about: coarsetime::Instant,
    /// Records looked at, whether they ran or not.
    looked: u32,
    ran: u32,
    waited: u32,
    /// Nothing more is to run in this go.
    pub(super) is_stopped: bool,
}

impl Go {
    /// Whether attempts begin on the engine's own thread.
    pub(super) fn is_here(&self) -> bool {
        self.here
    }

    /// Whether nothing more is to run in this go: it was stopped, or the log waits to be polled.
    pub(super) fn is_over(&mut self) -> bool {
        // At every look: one that blocks is to be the only one that did.
        self.looked += 1;
        self.is_stopped || self.began_about.elapsed() >= LONGEST_HERE
    }
}

/// An attempt that takes less is not worth a hop to another thread.
const QUICK: Duration = Duration::from_micros(50);
/// One that takes more is not made here again: all of tokio's threads could make it. Twice what is quick, since what the
/// engine does for a record and what the machine does meanwhile are in it.
const SLOW: Duration = Duration::from_micros(100);
/// So many goes whose attempts were slow, in a row: one may have waited for its turn on the machine.
const SLOW_IN_A_ROW: u32 = 2;
/// One go of so long is enough.
const LONG: Duration = Duration::from_millis(100);
/// So many quick ones in a row on tokio, and the next ones are made here.
const QUICK_IN_A_ROW: u32 = 256;

/// Where attempts begin.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pace {
    /// After so many slow goes in a row.
    Here {
        slow: u32,
    },
    OnTokio {
        quick: u32,
    },
}

impl Pace {
    fn ended_here(&mut self, looked: u32, ran: u32, waited: u32, took: Duration) {
        let Pace::Here { slow } = self else { return };
        *slow = if took > SLOW * looked.max(1) { *slow + 1 } else { 0 };
        if *slow >= SLOW_IN_A_ROW || took > LONG || waited * 4 > ran {
            *self = Pace::OnTokio { quick: 0 };
        }
    }

    fn ended_on_tokio(&mut self, is_quick: bool) {
        if let Pace::OnTokio { quick } = self {
            *quick = if is_quick { *quick + 1 } else { 0 };
            if *quick >= QUICK_IN_A_ROW {
                *self = Pace::Here { slow: 0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_and_waiting_handlers_leave_the_engines_thread_and_quick_ones_come_back() {
        let mut pace = Pace::Here { slow: 0 };
        pace.ended_here(100, 100, 0, Duration::from_micros(400));
        assert_eq!(pace, Pace::Here { slow: 0 });
        pace.ended_here(100, 100, 26, Duration::from_micros(400));
        assert_eq!(pace, Pace::OnTokio { quick: 0 });
        (1..QUICK_IN_A_ROW).for_each(|_| pace.ended_on_tokio(true));
        pace.ended_on_tokio(false);
        (1..QUICK_IN_A_ROW).for_each(|_| pace.ended_on_tokio(true));
        assert!(matches!(pace, Pace::OnTokio { .. }));
        pace.ended_on_tokio(true);
        assert_eq!(pace, Pace::Here { slow: 0 });
        // One that blocks for long is enough.
        pace.ended_here(1, 1, 0, Duration::from_secs(1));
        assert_eq!(pace, Pace::OnTokio { quick: 0 });
    }

    #[test]
    fn one_go_that_the_machine_held_up_says_nothing_of_the_handler() {
        let mut pace = Pace::Here { slow: 0 };
        let (held_up, quick) = (Duration::from_millis(20), Duration::from_millis(1));
        for took in [held_up, quick, held_up, quick] {
            pace.ended_here(100, 100, 0, took);
        }
        assert_eq!(pace, Pace::Here { slow: 0 });
        pace.ended_here(100, 100, 0, held_up);
        pace.ended_here(100, 100, 0, held_up);
        assert_eq!(pace, Pace::OnTokio { quick: 0 });
    }
}
