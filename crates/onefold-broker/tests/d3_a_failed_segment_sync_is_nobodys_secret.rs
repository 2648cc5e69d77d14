//! A kernel tells a failed write to whoever syncs the file first, and says that all is well to whoever syncs it next. So a
//! sync ahead of a checkpoint that fails must keep that checkpoint from being written: the journal below it is the only
//! copy.

mod support;

use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Faults, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Engine, Follows, LogSettings};
use onefold_broker_core::batch::patch;
use onefold_broker_core::{Append, Record};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::{at, batch, topic};

fn open(disk: &SimDisk) -> Engine {
    disk.create_dir(Path::new("/data")).expect("the folder");
    let pace = Pace::new(64 << 10, Duration::ZERO);
    let settings = LogSettings {
        first_file_bytes: 32 << 10,
        journal_file_bytes: 64 << 10,
        pace,
        sync_ahead_bytes: 1,
        ..LogSettings::default()
    };
    Engine::open(Arc::new(disk.clone()), Path::new("/data"), settings).expect("the log opens")
}

#[test]
fn d3_no_checkpoint_follows_a_sync_ahead_that_failed() {
    let disk = SimDisk::default();
    let engine = open(&disk);
    let (created, appended) = (
        Record::TopicCreated { id: topic(1), name: "t".into(), partitions: 1, configs: vec![] },
        Record::Appended(vec![Append { at: at(1, 0), base_offset: 0, batch: batch(None, 1, 0, b"value").into() }]),
    );
    for record in [created, appended] {
        engine.sequence(|_, _| ((), Some(record))).expect("the log is open");
        engine.sync().expect("durable");
    }
    engine.flush().expect("flushed");
    let snapshot = engine.snapshot();

    disk.set_faults(Faults { failed_sync_at: Some(disk.effects()), ..Faults::default() });
    engine.sync_ahead().expect_err("the sync that fails");
    disk.set_faults(Faults::default());

    engine.checkpoint(snapshot, Follows::Journal).expect_err("nobody knows what is in the segment");
    assert!(engine.sync().is_err(), "the log has stopped");
}

#[test]
fn a_sync_ahead_leaves_what_comes_after_it_to_the_next() {
    let disk = SimDisk::default();
    let engine = open(&disk);
    assert!(!engine.sync_ahead().expect("nothing to sync"));
    let created = Record::TopicCreated { id: topic(1), name: "t".into(), partitions: 1, configs: vec![] };
    engine.sequence(|_, _| ((), Some(created))).expect("the log is open");
    for offset in 0..2 {
        let mut bytes = batch(None, 1, 0, b"value");
        patch(&mut bytes, offset, engine.view(|state, _| state.leader_epoch()));
        let append = Append { at: at(1, 0), base_offset: offset, batch: bytes.into() };
        engine.sequence(|_, _| ((), Some(Record::Appended(vec![append])))).expect("the log is open");
        engine.sync().expect("durable");
        engine.flush().expect("flushed");
        assert!(engine.sync_ahead().expect("synced"), "batch {offset} is written and not synced");
        assert!(!engine.sync_ahead().expect("nothing is left"));
    }
}
