//! A start writes whatever is above the last recorded durable record into a new file, and syncs it before anyone is served;
//! files of earlier starts are only read. So what a start has found stays found, even where the file that it was found in
//! never reached the disk: after a failed sync, or a kill in the middle of one.

use crate::support::{append, at, batch, create_topic, topic, values, values_of};
use crate::watched::{Kind, Watched};
use fastrand::Rng;
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Faults, Lost, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Defect, Engine, Log, LogSettings, Planted};
use onefold_broker_core::batch::patch;
use onefold_broker_core::{Append, Record};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn open(disk: impl Disk, defect: Defect) -> Log {
    let settings = LogSettings {
        first_file_bytes: 32 << 10,
        journal_file_bytes: 64 << 10,
        checkpoint_bytes: 128 << 10,
        pace: Pace::new(64 << 10, Duration::ZERO),
        defect,
        ..LogSettings::default()
    };
    Log::open(Arc::new(disk), Path::new("/data"), settings).expect("the log opens")
}

async fn fill(log: &Log, count: usize) {
    for n in 0..count {
        let value = vec![n as u8; 1500];
        let _room = log.room(value.len()).await.expect("room");
        let (_, lsn) = append(log, at(1, 0), &value);
        log.wait_durable(lsn).await.expect("durable");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_starts_rolls_and_checkpoints() {
    let mut disk = SimDisk::default();
    for start in 0..4 {
        let watched = Watched::on(disk);
        let log = open(watched.clone(), Defect::default());
        if start == 0 {
            create_topic(&log, 1, 1);
        }
        fill(&log, 100).await;
        let world = watched.disk.world();
        drop(log);
        let mut own: BTreeSet<PathBuf> = BTreeSet::new();
        let mut written = 0;
        for event in watched.events().into_iter().filter(|event| event.is_in("/data/journal")) {
            match event.kind {
                // Under a new number: a freed file that is used again, or a new one.
                Kind::Create | Kind::Rename(_) => drop(own.insert(event.path)),
                _ if event.writes() => {
                    written += 1;
                    assert!(own.contains(&event.path), "start {start} writes into an old file: {event:?}");
                }
                _ => {}
            }
        }
        assert!(written > 100 && own.len() > 2, "start {start}: {written} writes into {} files", own.len());
        disk = SimDisk::of(world.crash(Lost::Nothing, &mut Rng::with_seed(start)));
    }
}

/// A sync has failed: the records are in the machine's memory, where the second start finds and serves them, and never
/// reach the file they are in. They must outlive the power, which takes that memory.
#[test]
fn what_a_start_has_found_outlives_the_file_it_was_found_in() {
    for (defect, is_kept) in [(Defect::default(), true), (Defect::plant(Planted::TailNotRewritten), false)] {
        let disk = SimDisk::default();
        let log = open(disk.clone(), Defect::default());
        log.shutdown(); // so that only this test writes from here on
        let engine =
            Engine::open(Arc::new(disk.clone()), Path::new("/data"), LogSettings::default()).expect("it opens");
        let created = Record::TopicCreated { id: topic(1), name: "t".into(), partitions: 1, configs: vec![] };
        engine.sequence(|_, _| ((), Some(created))).expect("the log is open");
        engine.sync().expect("durable");
        for offset in 0..5 {
            let mut bytes = batch(None, 1, 1, b"in memory");
            patch(&mut bytes, offset, 1);
            let append = Append { at: at(1, 0), base_offset: offset, batch: bytes.into() };
            engine.sequence(|_, _| ((), Some(Record::Appended(vec![append])))).expect("the log is open");
        }
        let sync = disk.effects() + 1; // after the write
        disk.set_faults(Faults { failed_sync_at: Some(sync), ..Faults::default() });
        engine.sync().expect_err("the sync fails");
        drop(engine);

        let disk = SimDisk::of(disk.world().crash(Lost::Nothing, &mut Rng::with_seed(1)));
        // Without threads, and so without a checkpoint that would keep them.
        let settings = LogSettings { defect, ..LogSettings::default() };
        let engine = Engine::open(Arc::new(disk.clone()), Path::new("/data"), settings).expect("it opens");
        let found = values_of(&engine, at(1, 0), 0);
        assert_eq!(found.len(), 5, "the machine still has them");
        let dark = SimDisk::of(disk.world().crash(Lost::All, &mut Rng::with_seed(1)));
        let after = Log::open(Arc::new(dark), Path::new("/data"), LogSettings::default());
        let kept = after.is_ok_and(|log| log.high_watermark(at(1, 0)).is_some() && values(&log, at(1, 0), 0) == found);
        assert_eq!(kept, is_kept, "{defect:?}");
    }
}
