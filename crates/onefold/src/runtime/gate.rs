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
    /// How often it was opened again. Who asks next lets all others go on first.
    opened: AtomicU64,
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
    /// The opening since which this engine has gone once through its loop.
    went_on: AtomicU64,
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
        // Who has just come was not kept from anything yet.
        let (quiet_for, went_on) = (AtomicU64::new(0), AtomicU64::new(self.opened.load(Ordering::SeqCst)));
        let state = Arc::new(State { quiet_for, went_on, wake: Box::new(wake) });
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

    /// Whether this engine holds the gate, or has asked for it and was not refused.
    pub(crate) fn has_asked(&self) -> bool {
        self.mine != 0
    }

    /// Nothing of this engine runs, and nothing begins as long as it must wait.
    pub(crate) fn is_quiet(&self) {
        let asked = self.gate.asked.load(Ordering::SeqCst);
        if self.state.quiet_for.swap(asked, Ordering::SeqCst) != asked {
            self.wake_others(&self.gate.lock());
        }
    }

    /// The opening under which a turn of the engine's loop begins; `None`: nothing may begin in it.
    pub(crate) fn is_open(&self) -> Option<u64> {
        let opened = self.gate.opened.load(Ordering::SeqCst);
        (!self.must_wait()).then_some(opened)
    }

    /// A turn that began under this opening is over, and nothing kept this engine from beginning what it had.
    pub(crate) fn went_on(&self, opened: u64) {
        let is_news = self.state.went_on.load(Ordering::SeqCst) != opened;
        if is_news && !self.must_wait() {
            self.state.went_on.store(opened, Ordering::SeqCst);
            self.wake_others(&self.gate.lock());
        }
    }

    /// Asks for quiet; whether all others are quiet and nothing runs here either. To be asked again until it is so.
    /// Nobody is asked before all others have gone on once since the gate was opened last.
    pub(crate) fn ask(&mut self, nothing_runs: bool) -> bool {
        let mut members = self.gate.lock();
        let others = |of: &Members, is_so: &dyn Fn(&State) -> bool| {
            of.all.iter().all(|state| Arc::ptr_eq(state, &self.state) || is_so(state))
        };
        if self.mine == 0 {
            let opened = self.gate.opened.load(Ordering::SeqCst);
            let went_on = others(&members, &|state| state.went_on.load(Ordering::SeqCst) == opened);
            if self.gate.asked.load(Ordering::SeqCst) != 0 || !went_on {
                return false;
            }
            members.requests += 1;
            self.mine = members.requests;
            self.gate.asked.store(self.mine, Ordering::SeqCst);
            self.wake_others(&members);
        }
        let quiet = others(&members, &|state| state.quiet_for.load(Ordering::SeqCst) == self.mine);
        self.is_alone = nothing_runs && quiet;
        self.is_alone
    }

    /// The others may go on.
    pub(crate) fn give_back(&mut self) {
        if self.mine != 0 {
            let members = self.gate.lock();
            (self.mine, self.is_alone) = (0, false);
            self.gate.opened.fetch_add(1, Ordering::SeqCst);
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
        assert!(!one.ask(true));
        assert!(one.must_wait() && two.must_wait() && three.must_wait());
        two.is_quiet();
        assert!(!one.ask(true), "the third has not answered");
        assert!(!two.ask(true), "only one asks at a time");
        three.is_quiet();
        assert!(one.ask(true));
        assert!(!one.must_wait() && two.must_wait());
        one.give_back();
        assert!(!two.must_wait());
        // Answers to an earlier request do not count for the next.
        go_on([&one, &three]);
        assert!(!two.ask(true));
        one.is_quiet();
        drop(three);
        assert!(two.ask(true));
        drop(two);
        assert!(!one.must_wait());
        assert!(one.ask(true), "nobody else is left");
    }

    #[test]
    fn the_next_one_is_asked_for_only_when_all_others_have_gone_on() {
        let gate = Arc::<Gate>::default();
        let (mut one, mut two) = (gate.join(|| {}), gate.join(|| {}));
        assert!(!one.ask(false));
        two.is_quiet();
        assert!(!one.ask(false), "something runs here");
        assert!(one.must_wait(), "and nothing more begins here, or it would never be over");
        let while_closed = two.is_open();
        assert!(one.ask(true));
        one.give_back();
        assert!(!one.ask(true), "the other one has not gone on");
        assert_eq!(while_closed, None);
        let opening = two.is_open().unwrap();
        assert!(!one.ask(true), "its turn is not over");
        two.went_on(opening);
        assert!(!one.ask(true), "asked, and not answered");
        two.is_quiet();
        assert!(one.ask(true));
        one.give_back();
        // A turn that began before says nothing about what came since.
        two.went_on(opening);
        assert!(!one.ask(true) && !one.must_wait());
        // Whoever comes first has its turn.
        go_on([&one]);
        assert!(!two.ask(true) && one.must_wait());
    }

    fn go_on<const COUNT: usize>(members: [&Member; COUNT]) {
        members.iter().for_each(|member| member.went_on(member.is_open().unwrap()));
    }
}
