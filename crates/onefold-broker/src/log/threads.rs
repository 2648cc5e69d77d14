//! The threads of an open log: one syncs, one helps it with large groups, one prepares files, one keeps house (segments,
//! retention), one takes checkpoints, one syncs segments ahead of the next. They only call the engine.

use super::engine::Engine;
use super::signal::Signals;
use super::{Follows, Synced};
use crate::disk::is_passing;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long to wait before something that failed for lack of space is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// How often who waits for what may not come looks whether the log ends.
const LOOK_FOR_END: Duration = Duration::from_millis(100);

/// How long a record that nobody waits for lies in memory at most, but for the sync itself.
const LOOK_EVERY: Duration = Duration::from_millis(3);
const _: () = assert!(LOOK_EVERY.as_millis() < 5, "whatever is appended is synced within 5 ms");

/// The running threads.
#[derive(Debug, Default)]
pub(super) struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    pub(super) fn start(engine: &Arc<Engine>, signals: &Arc<Signals>) -> io::Result<Threads> {
        let mut threads = Threads::default();
        threads.spawn("onefold-journal", engine, signals, sync_loop)?;
        threads.spawn("onefold-second", engine, signals, second_loop)?;
        threads.spawn("onefold-files", engine, signals, files_loop)?;
        threads.spawn("onefold-keeper", engine, signals, keep_loop)?;
        threads.spawn("onefold-checks", engine, signals, checkpoint_loop)?;
        threads.spawn("onefold-ahead", engine, signals, ahead_loop)?;
        Ok(threads)
    }

    pub(super) fn join(self) {
        for handle in self.0 {
            // A thread that panicked has said so; there is nothing left to do for it.
            let _ = handle.join();
        }
    }

    fn spawn(
        &mut self,
        name: &str,
        engine: &Arc<Engine>,
        signals: &Arc<Signals>,
        work: fn(&Engine, &Signals),
    ) -> io::Result<()> {
        let (engine, signals) = (engine.clone(), signals.clone());
        let watched = move || {
            let _alarm = Alarm { engine: &engine, signals: &signals };
            work(&engine, &signals);
        };
        self.0.push(thread::Builder::new().name(name.into()).spawn(watched)?);
        Ok(())
    }
}

/// Stops the log when its thread panics: whoever waits for that thread's work would wait for ever otherwise.
struct Alarm<'a> {
    engine: &'a Engine,
    signals: &'a Signals,
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.engine.stop("one of its threads panicked: report this as a bug, with this process's output");
            self.signals.end();
        }
    }
}

/// Syncs whatever is queued as soon as the last sync is done: what came in between goes out as one group.
fn sync_loop(engine: &Engine, signals: &Signals) {
    loop {
        match engine.step() {
            Ok(Synced::Group) => after_group(engine, signals),
            Ok(Synced::NoSpace) if signals.is_ending() => return,
            Ok(Synced::NoSpace) => signals.sync.wait(Some(TRY_AGAIN)),
            // Whoever lands a group says so where something is left; but not that it was the last.
            Ok(Synced::Later) => signals.sync.wait(Some(LOOK_EVERY)),
            Ok(Synced::Nothing) if signals.is_ending() => return,
            // While those who wait sync by themselves, nobody announces what nobody waits for.
            Ok(Synced::Nothing) if signals.lead.is_on() => {
                signals.sync.wait(Some(LOOK_EVERY));
                signals.lead.end_if_idle();
            }
            Ok(Synced::Nothing) => signals.sync.wait(None),
            Err(_) => return signals.end(),
        }
    }
}

/// Puts together and sends the next large group while the disk takes one.
fn second_loop(engine: &Engine, signals: &Signals) {
    while !signals.is_ending() {
        match engine.step() {
            Ok(Synced::Group) => after_group(engine, signals),
            Ok(did) => {
                if did == Synced::NoSpace {
                    // The other one tries again.
                    signals.sync.set();
                }
                signals.second.wait(None);
            }
            Err(_) => return signals.end(),
        }
    }
}

/// Wakes whoever has something to do after a group.
pub(super) fn after_group(engine: &Engine, signals: &Signals) {
    if engine.has_queued() {
        signals.sync.set();
    }
    if engine.needs_files() {
        signals.files.set();
    }
    if engine.needs_flush() {
        signals.keep.set();
    }
    if engine.needs_checkpoint() {
        signals.checkpoint.set();
    }
}

fn files_loop(engine: &Engine, signals: &Signals) {
    // Said once until it works again: it is tried several times a second.
    let mut said = false;
    while !signals.is_ending() {
        match engine.prepare_file() {
            Ok(true) => {
                said = false;
                signals.freed.notify_waiters();
            }
            Ok(false) => signals.files.wait(None),
            Err(_) if signals.is_ending() => {}
            Err(error) => {
                if !std::mem::replace(&mut said, true) {
                    tracing::warn!(%error, "no journal file can be prepared; trying again");
                }
                signals.files.wait(Some(TRY_AGAIN));
            }
        }
    }
}

fn keep_loop(engine: &Engine, signals: &Signals) {
    let every = engine.settings.retention_every;
    let mut next_retention = Instant::now() + every;
    while !signals.is_ending() {
        let due = Instant::now() >= next_retention;
        if due {
            next_retention = Instant::now() + every;
        }
        match after_keeping(engine, signals, &engine.full.keeper, keep(engine, signals, due)) {
            Kept::Done => {
                let left = next_retention.saturating_duration_since(Instant::now());
                if !engine.needs_flush() {
                    signals.keep.wait(Some(left));
                }
            }
            Kept::TryAgain => signals.keep.wait(Some(TRY_AGAIN)),
            Kept::Stopped => return,
        }
    }
}

/// By a thread of its own: it waits for the disk to have all segments, and memory must be worked off meanwhile.
fn checkpoint_loop(engine: &Engine, signals: &Signals) {
    while !signals.is_ending() {
        if !engine.needs_checkpoint() {
            // What could not be done after the last one is not its business any more.
            engine.full.checkpoint.store(false, Ordering::Relaxed);
            signals.checkpoint.wait(None);
            continue;
        }
        match after_keeping(engine, signals, &engine.full.checkpoint, checkpoint(engine, signals)) {
            Kept::Done => signals.files.set(),
            Kept::TryAgain => signals.checkpoint.wait(Some(TRY_AGAIN)),
            Kept::Stopped => return,
        }
    }
}

/// How it goes on.
enum Kept {
    Done,
    TryAgain,
    Stopped,
}

/// Says what came of it to those who wait.
fn after_keeping(engine: &Engine, signals: &Signals, full: &AtomicBool, result: io::Result<()>) -> Kept {
    match result {
        Ok(()) => {
            full.store(false, Ordering::Relaxed);
            signals.freed.notify_waiters();
            Kept::Done
        }
        Err(error) if is_passing(&error) => {
            full.store(true, Ordering::Relaxed);
            tracing::warn!(%error, "segments and checkpoint cannot be written; trying again");
            // Journal files that are kept for later give their space.
            signals.files.set();
            Kept::TryAgain
        }
        Err(error) => {
            engine.stop(&format!("segments or checkpoint could not be written ({error})"));
            signals.end();
            Kept::Stopped
        }
    }
}

/// By a thread of its own, so that what is in memory leaves it while the disk is busy with what left before.
fn ahead_loop(engine: &Engine, signals: &Signals) {
    while !signals.is_ending() {
        match engine.sync_ahead() {
            Ok(true) => {}
            Ok(false) => signals.ahead.wait(None),
            Err(_) => return signals.end(),
        }
    }
}

/// One round: what is in memory goes to segments, what is gone is removed.
fn keep(engine: &Engine, signals: &Signals, retention: bool) -> io::Result<()> {
    if retention {
        engine.retain().map_err(io::Error::other)?;
        engine.expire_producers().map_err(io::Error::other)?;
        signals.sync.set();
    }
    if engine.needs_flush() || retention {
        engine.flush_telling(&|| {
            signals.freed.notify_waiters();
            if engine.needs_sync_ahead() {
                signals.ahead.set();
            }
        })?;
        engine.trim()?;
    }
    Ok(())
}

/// The state as it is now becomes the checkpoint, and the journal below it is free.
fn checkpoint(engine: &Engine, signals: &Signals) -> io::Result<()> {
    let snapshot = engine.snapshot();
    signals.sync.set();
    // On a full disk it may never be durable; and a log that ends takes its last checkpoint by itself.
    while engine.durability.lsn() < snapshot.lsn {
        if let Some(stopped) = engine.durability.stopped() {
            return Err(io::Error::other(stopped));
        }
        if signals.is_ending() {
            return Ok(());
        }
        // Each group that lands wakes, since a checkpoint is due still.
        signals.checkpoint.wait(Some(LOOK_FOR_END));
    }
    engine.checkpoint(snapshot, Follows::Journal)
}
