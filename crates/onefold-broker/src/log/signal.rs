//! How the log's threads are woken and ended.

use super::lead::Lead;
use super::lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Wakes one thread, and remembers that it was to be woken.
#[derive(Debug, Default)]
pub(super) struct Signal {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    pub(super) fn set(&self) {
        let mut set = lock(&self.set);
        if !*set {
            *set = true;
            drop(set);
            self.changed.notify_one();
        }
    }

    /// Waits until it is set, or for so long.
    pub(super) fn wait(&self, at_most: Option<Duration>) {
        let set = lock(&self.set);
        let unset = |set: &mut bool| !*set;
        let mut set = match at_most {
            Some(time) => self.changed.wait_timeout_while(set, time, unset).unwrap_or_else(PoisonError::into_inner).0,
            None => self.changed.wait_while(set, unset).unwrap_or_else(PoisonError::into_inner),
        };
        *set = false;
    }
}

/// One for each thread, and one for those who wait for room.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) sync: Signal,
    pub(super) second: Signal,
    pub(super) files: Signal,
    pub(super) keep: Signal,
    pub(super) checkpoint: Signal,
    pub(super) ahead: Signal,
    /// Whether those who wait sync by themselves.
    pub(super) lead: Lead,
    /// Memory or journal was worked off.
    pub(super) freed: Notify,
    ending: AtomicBool,
}

impl Signals {
    /// Tells all threads to finish what they do and return.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Release);
        self.sync.set();
        self.second.set();
        self.files.set();
        self.keep.set();
        self.checkpoint.set();
        self.ahead.set();
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }
}
