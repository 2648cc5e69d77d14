//! Turns that are had in the order in which they were asked for. With a common lock, whoever takes it again and again could
//! keep out for ever whoever wants it once.

use super::lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// One turn at a time.
#[derive(Debug, Default)]
pub(super) struct Fair {
    numbers: Mutex<Numbers>,
    next: Condvar,
    /// Somebody panicked in a turn: what was done in it is done by half.
    broken: AtomicBool,
}

#[derive(Debug, Default)]
struct Numbers {
    asked: u64,
    done: u64,
}

/// Ends with the value.
#[must_use = "the turn ends with it"]
pub(super) struct Turn<'a>(&'a Fair);

impl Fair {
    /// Waits for its turn; blocks.
    pub(super) fn turn(&self) -> Turn<'_> {
        let mut numbers = lock(&self.numbers);
        let mine = numbers.asked;
        numbers.asked += 1;
        let waits = self.next.wait_while(numbers, |numbers| numbers.done != mine);
        drop(waits.unwrap_or_else(PoisonError::into_inner));
        Turn(self)
    }

    /// Whether somebody panicked in a turn, so that nobody may build on what was done in it.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.broken.store(true, Ordering::Release);
        }
        lock(&self.0.numbers).done += 1;
        self.0.next.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn who_asks_again_comes_after_who_waits() {
        let (fair, others) = (Fair::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            let first = fair.turn();
            scope.spawn(|| {
                let _turn = fair.turn();
                others.fetch_add(1, Ordering::SeqCst);
            });
            while lock(&fair.numbers).asked < 2 {
                thread::yield_now();
            }
            drop(first);
            let _again = fair.turn();
            assert_eq!(others.load(Ordering::SeqCst), 1);
        });
    }

    #[test]
    fn a_panic_in_a_turn_is_known_to_the_next() {
        let fair = Fair::default();
        drop(fair.turn());
        assert!(!fair.is_broken());
        let panics = thread::scope(|scope| {
            let panics = || {
                let _turn = fair.turn();
                panic!("as a test");
            };
            scope.spawn(panics).join()
        });
        assert!(panics.is_err());
        let _turn = fair.turn();
        assert!(fair.is_broken());
    }
}
