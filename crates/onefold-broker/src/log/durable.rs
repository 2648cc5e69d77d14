//! How far the journal is durable, who waits for it, and whether it has stopped.

use super::{LogStopped, lock};
use onefold_broker_core::Lsn;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{oneshot, watch};

/// Why nothing will become durable any more; none while the log runs.
pub type Stopped = Option<Arc<str>>;

/// Releases those who wait for a record when it is durable, and nobody else.
#[derive(Debug)]
pub(crate) struct Durability {
    lsn: AtomicU64,
    has_stopped: AtomicBool,
    waiters: Mutex<Waiters>,
    /// How many wait, those included that sync meanwhile.
    waiting: AtomicUsize,
    /// Only of the end: whoever watched each sync would be woken by each, just when an answer has to leave.
    watch: watch::Sender<Stopped>,
}

#[derive(Debug, Default)]
struct Waiters {
    by_lsn: BTreeMap<Lsn, Vec<oneshot::Sender<()>>>,
    stopped: Option<Arc<str>>,
}

/// One that waits.
pub(crate) struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Durability {
    pub(crate) fn new(lsn: Lsn) -> Durability {
        let (watch, _) = watch::channel(None);
        Durability {
            lsn: AtomicU64::new(lsn.0),
            has_stopped: AtomicBool::new(false),
            waiters: Mutex::default(),
            waiting: AtomicUsize::new(0),
            watch,
        }
    }

    pub(crate) fn lsn(&self) -> Lsn {
        Lsn(self.lsn.load(Ordering::Acquire))
    }

    /// Counted until what this gives is dropped.
    pub(crate) fn begin_to_wait(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits(&self.waiting)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Stopped> {
        self.watch.subscribe()
    }

    pub(crate) fn stopped(&self) -> Option<LogStopped> {
        // Asked at each record: the flag spares the lock.
        if !self.has_stopped.load(Ordering::Acquire) {
            return None;
        }
        lock(&self.waiters).stopped.clone().map(LogStopped)
    }

    /// Everything up to `lsn` is durable. Who says so for a later record may be first.
    pub(crate) fn raise(&self, lsn: Lsn) {
        let mut waiters = lock(&self.waiters);
        self.lsn.fetch_max(lsn.0, Ordering::AcqRel);
        let later = waiters.by_lsn.split_off(&lsn.next());
        let released = std::mem::replace(&mut waiters.by_lsn, later);
        drop(waiters);
        for waiter in released.into_values().flatten() {
            crate::woken::note();
            // Whoever is gone has nothing to learn.
            let _ = waiter.send(());
        }
    }

    /// Nothing will become durable any more. The first reason is kept.
    pub(crate) fn stop(&self, why: &str) {
        let mut waiters = lock(&self.waiters);
        if waiters.stopped.is_some() {
            return;
        }
        let why: Arc<str> = why.into();
        waiters.stopped = Some(why.clone());
        self.has_stopped.store(true, Ordering::Release);
        // Dropping the senders wakes those who wait; they find the reason.
        waiters.by_lsn.clear();
        drop(waiters);
        self.watch.send_replace(Some(why));
    }

    pub(crate) async fn wait(&self, lsn: Lsn) -> Result<(), LogStopped> {
        match self.register(lsn)? {
            Some(receiver) => self.outcome(receiver.await),
            None => Ok(()),
        }
    }

    /// None when it is durable already.
    fn register(&self, lsn: Lsn) -> Result<Option<oneshot::Receiver<()>>, LogStopped> {
        if self.lsn() >= lsn {
            return Ok(None);
        }
        let mut waiters = lock(&self.waiters);
        if self.lsn() >= lsn {
            return Ok(None);
        }
        if let Some(why) = &waiters.stopped {
            return Err(LogStopped(why.clone()));
        }
        let (sender, receiver) = oneshot::channel();
        let same = waiters.by_lsn.entry(lsn).or_default();
        // Those who gave up waiting are not kept.
        same.retain(|waiter| !waiter.is_closed());
        same.push(sender);
        Ok(Some(receiver))
    }

    fn outcome(&self, woken: Result<(), oneshot::error::RecvError>) -> Result<(), LogStopped> {
        woken.map_err(|_| self.stopped().unwrap_or_else(|| LogStopped("it was shut down".into())))
    }
}
