//! Of two groups in the air the earlier one may find the disk full, and both are begun again. But not where the later one
//! failed in another way: nobody knows what a failed sync has kept, so it ends the log, however the earlier one fares.

use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Faults, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Engine, LogSettings, Synced};
use onefold_broker_core::{Lsn, Record};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What each of the two groups does on the disk: a write and a sync, the later group first.
const SECOND_SYNC: u64 = 1;
const FIRST_WRITE: u64 = 2;

fn open(disk: &SimDisk) -> Engine {
    disk.create_dir(Path::new("/data")).expect("the folder");
    let pace = Pace::new(64 << 10, Duration::ZERO);
    let settings =
        LogSettings { first_file_bytes: 256 << 10, journal_file_bytes: 256 << 10, pace, ..LogSettings::default() };
    Engine::open(Arc::new(disk.clone()), Path::new("/data"), settings).expect("the log opens")
}

fn push(engine: &Engine) -> Lsn {
    engine.sequence(|_, _| ((), Some(Record::LogStartMoved(vec![])))).expect("the log is open").1
}

#[test]
fn d3_a_failed_sync_is_not_taken_for_a_full_disk() {
    let disk = SimDisk::default();
    let engine = open(&disk);
    let first = push(&engine);
    let failed_sync_at = Some(disk.effects() + SECOND_SYNC);
    let no_space_at = Some(disk.effects() + FIRST_WRITE);
    disk.set_faults(Faults { failed_sync_at, no_space_at, ..Faults::default() });
    let mut second = Lsn::NONE;
    let outcome = engine.sync_overlapping(|| second = push(&engine));
    disk.set_faults(Faults::default());
    assert!(second > first, "both were in the air");
    assert!(outcome.is_err() && engine.sync().is_err(), "the log has stopped: {outcome:?}");
    assert!(engine.durable_lsn() < first, "nothing of it was answered");
}

#[test]
fn a_full_disk_takes_both_when_it_has_space_again() {
    let disk = SimDisk::default();
    let engine = open(&disk);
    push(&engine);
    let no_space_at = Some(disk.effects() + FIRST_WRITE);
    disk.set_faults(Faults { no_space_at, ..Faults::default() });
    let mut last = Lsn::NONE;
    let outcome = engine.sync_overlapping(|| last = push(&engine)).expect("the log goes on");
    assert_eq!(outcome, Synced::NoSpace);
    assert!(engine.durable_lsn() < last, "neither is answered, though the later one is on the disk");
    assert_eq!(engine.sync().expect("there is space"), Synced::Group);
    assert_eq!(engine.durable_lsn(), last);
}
