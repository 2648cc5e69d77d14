//! Syncing where one waits: while records come one at a time, whoever waits for a record syncs it right there.
//!
//! Handing it to the syncing thread and being woken again costs two switches between threads, about half of what a good
//! disk's sync takes. As soon as records come in company, the thread is better: it syncs while the connections go on.

use super::Synced;
use super::engine::{Engine, Journal};
use super::flight::Begun;
use super::signal::Signals;
use super::threads::after_group;
use onefold_broker_core::Lsn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, RuntimeFlavor};

/// A slower sync must not hold up a worker of the runtime.
const QUICK: Duration = Duration::from_millis(2);
/// After a slow one the thread syncs for so long.
const AFTER_SLOW_MS: u64 = 5;
/// Nobody has led for so long: the thread sleeps until it is called again.
const IDLE_MS: u64 = 50;
/// A group of more records has come in company.
const ALONE: usize = 1;
/// More bytes take longer than the hand-over.
const SMALL_BYTES: usize = 64 << 10;

/// Whether those who wait sync by themselves; then a new record wakes nobody.
#[derive(Debug)]
pub(super) struct Lead {
    on: AtomicBool,
    /// When somebody last led, in ms since `born`.
    last_ms: AtomicU64,
    /// Until when nobody does.
    not_before_ms: AtomicU64,
    born: Instant,
}

impl Default for Lead {
    fn default() -> Lead {
        let (on, last_ms, not_before_ms) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        Lead { on, last_ms, not_before_ms, born: Instant::now() }
    }
}

impl Lead {
    /// Asked after a record is queued; the syncing thread asks before it looks at the queue. So one of both sees it.
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::SeqCst)
    }

    pub(super) fn end_if_idle(&self) {
        if self.now_ms() > self.last_ms.load(Ordering::Relaxed) + IDLE_MS {
            self.on.store(false, Ordering::SeqCst);
        }
    }

    /// Whether leading begins by it, so that the thread must begin to look by itself.
    fn led(&self, took: Duration, in_company: bool) -> bool {
        let now_ms = self.now_ms();
        self.last_ms.store(now_ms, Ordering::Relaxed);
        if took > QUICK {
            self.not_before_ms.store(now_ms + AFTER_SLOW_MS, Ordering::Relaxed);
        }
        let on = took <= QUICK && !in_company;
        !self.on.swap(on, Ordering::SeqCst) && on
    }

    fn may(&self) -> bool {
        self.now_ms() >= self.not_before_ms.load(Ordering::Relaxed)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Syncs the queue here if that is the quickest way to make `lsn` durable; else sees to it that the thread does.
pub(super) fn sync_here(engine: &Engine, signals: &Signals, lsn: Lsn) {
    if engine.durable_lsn() >= lsn {
        return;
    }
    match journal_to_lead(engine, signals) {
        Some(journal) => lead(engine, signals, journal),
        None => leave_to_the_thread(signals),
    }
}

/// Nobody was woken when the record was queued, if leading was on then.
pub(super) fn leave_to_the_thread(signals: &Signals) {
    if signals.lead.is_on() {
        signals.sync.set();
    }
}

/// Whether whoever waits now may come to sync on its own thread.
pub(super) fn may_sync_here(engine: &Engine, signals: &Signals) -> bool {
    journal_to_lead(engine, signals).is_some()
}

/// The journal, where one may sync it who is not the thread.
fn journal_to_lead<'a>(engine: &'a Engine, signals: &Signals) -> Option<MutexGuard<'a, Journal>> {
    let is_small = engine.queued_bytes.load(Ordering::Relaxed) <= SMALL_BYTES;
    if !signals.lead.may() || !has_other_workers() || !is_small {
        return None;
    }
    let journal = match engine.journal.try_lock() {
        Ok(journal) => journal,
        Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
        Err(TryLockError::WouldBlock) => return None,
    };
    // Only the thread finds out when records come alone again.
    (journal.last_group <= ALONE && journal.air.is_empty()).then_some(journal)
}

fn lead(engine: &Engine, signals: &Signals, mut journal: MutexGuard<'_, Journal>) {
    let begin = Instant::now();
    let begun = engine.begin(&mut journal, usize::MAX);
    drop(journal);
    let (synced, in_company) = match begun {
        Ok(Begun::Flight(flight)) => {
            let in_company = flight.records() > ALONE;
            (engine.fly(flight), in_company)
        }
        Ok(Begun::Nothing | Begun::Later) => (Ok(Synced::Nothing), false),
        Err(stopped) => (Err(stopped), false),
    };
    let begins = signals.lead.led(begin.elapsed(), in_company);
    after_group(engine, signals);
    if begins || in_company || !matches!(synced, Ok(Synced::Group)) {
        signals.sync.set();
    }
}

/// Whether this is a worker whose work others can take over while it waits for the disk.
fn has_other_workers() -> bool {
    Handle::try_current()
        .is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread && handle.metrics().num_workers() > 1)
}
