//! The threads of an open log: one syncs, one prepares files. They only call the engine.

use super::engine::Engine;
use super::lock;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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
    fn wait(&self, at_most: Option<Duration>) {
        let mut set = lock(&self.set);
        while !*set {
            match at_most {
                Some(time) => {
                    let (guard, timeout) =
                        self.changed.wait_timeout(set, time).unwrap_or_else(std::sync::PoisonError::into_inner);
                    set = guard;
                    if timeout.timed_out() {
                        break;
                    }
                }
                None => set = self.changed.wait(set).unwrap_or_else(std::sync::PoisonError::into_inner),
            }
        }
        *set = false;
    }
}

/// How the threads are reached.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) sync: Signal,
    pub(super) files: Signal,
    ending: std::sync::atomic::AtomicBool,
}

/// The running threads.
#[derive(Debug)]
pub(super) struct Threads {
    handles: Vec<JoinHandle<()>>,
}

impl Signals {
    pub(super) fn end(&self) {
        self.ending.store(true, std::sync::atomic::Ordering::Release);
        self.sync.set();
        self.files.set();
    }

    fn is_ending(&self) -> bool {
        self.ending.load(std::sync::atomic::Ordering::Acquire)
    }
}

impl Threads {
    pub(super) fn start(engine: &Arc<Engine>, signals: &Arc<Signals>) -> std::io::Result<Threads> {
        let mut threads = Threads { handles: Vec::new() };
        threads.spawn("onefold-journal", engine, signals, sync_loop)?;
        threads.spawn("onefold-files", engine, signals, files_loop)?;
        Ok(threads)
    }

    fn spawn(
        &mut self,
        name: &str,
        engine: &Arc<Engine>,
        signals: &Arc<Signals>,
        work: fn(&Engine, &Signals),
    ) -> std::io::Result<()> {
        let (engine, signals) = (engine.clone(), signals.clone());
        self.handles.push(thread::Builder::new().name(name.into()).spawn(move || work(&engine, &signals))?);
        Ok(())
    }

    pub(super) fn join(self) {
        for handle in self.handles {
            // A thread that panicked has said so; there is nothing left to do for it.
            let _ = handle.join();
        }
    }
}

/// Syncs whatever is queued as soon as the last sync is done: what came in between goes out as one group.
fn sync_loop(engine: &Engine, signals: &Signals) {
    loop {
        match engine.sync() {
            Ok(super::Synced::Group) => continue,
            Ok(super::Synced::NoSpace) => signals.sync.wait(Some(Duration::from_millis(100))),
            Ok(super::Synced::Nothing) if signals.is_ending() => return,
            Ok(super::Synced::Nothing) => signals.sync.wait(None),
            Err(_) => return,
        }
    }
}

fn files_loop(engine: &Engine, signals: &Signals) {
    while !signals.is_ending() {
        match engine.prepare_file() {
            Ok(true) => {}
            Ok(false) => signals.files.wait(Some(Duration::from_secs(1))),
            Err(error) => {
                tracing::warn!(%error, "no journal file can be prepared; trying again");
                signals.files.wait(Some(Duration::from_secs(1)));
            }
        }
    }
}
