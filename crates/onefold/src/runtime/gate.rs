//! One record alone in the process: whoever holds the gate runs one suspect while every other engine begins nothing.
//!
//! An end of the process says something about a record only if nothing else ran. The gate is of the process (in tests
//! on a cluster in memory, of that cluster, whose engines stand for one). While nobody asks, it costs an engine one load
//! a turn of its loop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// All engines that run side by side.
#[derive(Default)]
pub(crate) struct Gate {
    /// Which request is to be answered by keeping quiet; 0: none. Each has a number of its own.
    asked: AtomicU64,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    all: Vec<Arc<State>>,
    requests: u64,
}

struct State {
    /// The request since whose coming this engine has seen to it that nothing of it runs.
    quiet_for: AtomicU64,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// One engine at the gate. Dropped, it is gone, and what it held is open.
pub(crate) struct Member {
    gate: Arc<Gate>,
    state: Arc<State>,
    mine: u64,
    is_alone: bool,
}

impl Gate {
    /// The gate of this process.
    pub(crate) fn of_process() -> Arc<Gate> {
        static GATE: OnceLock<Arc<Gate>> = OnceLock::new();
        GATE.get_or_init(Arc::default).clone()
    }

    /// One more engine; `wake` is called when there may be something to do for it here.
    pub(crate) fn join(self: &Arc<Gate>, wake: impl Fn() + Send + Sync + 'static) -> Member {
        let state = Arc::new(State { quiet_for: AtomicU64::new(0), wake: Box::new(wake) });
        self.lock().all.push(state.clone());
        Member { gate: self.clone(), state, mine: 0, is_alone: false }
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Whether nothing may begin: a suspect of another engine runs alone, or one (of this engine, too) is to.
    pub(crate) fn must_wait(&self) -> bool {
        self.gate.asked.load(Ordering::SeqCst) != 0 && !self.is_alone
    }

    /// Nothing of this engine runs, and nothing begins as long as it must wait.
    pub(crate) fn is_quiet(&self) {
        let asked = self.gate.asked.load(Ordering::SeqCst);
        if self.state.quiet_for.swap(asked, Ordering::SeqCst) != asked {
            self.wake_others(&self.gate.lock());
        }
    }

    /// Asks for quiet, with nothing running here; whether all others are quiet. To be asked again until they are.
    pub(crate) fn ask(&mut self) -> bool {
        let mut members = self.gate.lock();
        if self.mine == 0 {
            if self.gate.asked.load(Ordering::SeqCst) != 0 {
                return false;
            }
            members.requests += 1;
            self.mine = members.requests;
            self.gate.asked.store(self.mine, Ordering::SeqCst);
            self.wake_others(&members);
        }
        let quiet =
            |state: &Arc<State>| Arc::ptr_eq(state, &self.state) || state.quiet_for.load(Ordering::SeqCst) == self.mine;
        self.is_alone = members.all.iter().all(quiet);
        self.is_alone
    }

    /// The others may go on.
    pub(crate) fn give_back(&mut self) {
        if self.mine != 0 {
            let members = self.gate.lock();
            (self.mine, self.is_alone) = (0, false);
            self.gate.asked.store(0, Ordering::SeqCst);
            self.wake_others(&members);
        }
    }

    fn wake_others(&self, members: &Members) {
        members.all.iter().filter(|state| !Arc::ptr_eq(state, &self.state)).for_each(|state| (state.wake)());
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.give_back();
        let mut members = self.gate.lock();
        members.all.retain(|state| !Arc::ptr_eq(state, &self.state));
        // Whoever waited for this one to be quiet need not any more.
        members.all.iter().for_each(|state| (state.wake)());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_alone_only_when_all_others_said_that_they_are_quiet_since_it_asked() {
        let gate = Arc::<Gate>::default();
        let (mut one, mut two, three) = (gate.join(|| {}), gate.join(|| {}), gate.join(|| {}));
        assert!(!one.must_wait());
        // Quiet before anybody asked is no answer.
        two.is_quiet();
        three.is_quiet();
        assert!(!one.ask());
        assert!(one.must_wait() && two.must_wait() && three.must_wait());
        two.is_quiet();
        assert!(!one.ask(), "the third has not answered");
        assert!(!two.ask(), "only one asks at a time");
        three.is_quiet();
        assert!(one.ask());
        assert!(!one.must_wait() && two.must_wait());
        one.give_back();
        assert!(!two.must_wait());
        // Answers to an earlier request do not count for the next.
        assert!(!two.ask());
        one.is_quiet();
        drop(three);
        assert!(two.ask());
        drop(two);
        assert!(!one.must_wait());
        assert!(one.ask(), "nobody else is left");
    }
}
