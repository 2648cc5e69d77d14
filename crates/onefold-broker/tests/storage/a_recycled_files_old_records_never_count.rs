//! A journal file is used again after a checkpoint, with the frames of its earlier life still in it; and a start takes over
//! from files of an earlier one, whose last records may never have counted. A frame counts only where the sequence of its
//! file and its number fit its place.

use crate::support::{append_batch, at, batch, topic, values_of};
use crate::watched::{Kind, Watched};
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Lost, SimDisk, World};
use onefold_broker::journal::{BLOCK, Pace, file_name};
use onefold_broker::log::{Defect, Engine, Follows, LogSettings, Planted};
use onefold_broker_core::Record;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn open(disk: impl Disk, defect: Defect) -> Engine {
    let settings = LogSettings {
        first_file_bytes: 32 << 10,
        journal_file_bytes: 32 << 10,
        pace: Pace::new(32 << 10, Duration::ZERO),
        ready_files: 1,
        defect,
        ..LogSettings::default()
    };
    Engine::open(Arc::new(disk), Path::new("/data"), settings).expect("the log opens")
}

fn folder(disk: &SimDisk) {
    disk.create_dir(Path::new("/data")).expect("the folder");
}

fn create_topic(engine: &Engine) {
    let created = Record::TopicCreated { id: topic(1), name: "t".into(), partitions: 1, configs: vec![] };
    engine.sequence(|_, _| ((), Some(created))).expect("the log is open");
    engine.sync().expect("durable");
}

/// A durable record in a group of its own.
fn append(engine: &Engine, value: &[u8]) {
    append_batch(engine, at(1, 0), batch(None, 1, 1, value));
    engine.sync().expect("durable");
}

fn killed(world: &World) -> SimDisk {
    SimDisk::of(world.crash(Lost::Nothing, &mut fastrand::Rng::with_seed(1)))
}

fn journal(sequence: u64) -> PathBuf {
    Path::new("/data/journal").join(file_name(sequence))
}

#[test]
fn in_a_file_that_is_used_again() {
    let watched = Watched::on(SimDisk::default());
    folder(&watched.disk);
    let engine = open(watched.clone(), Defect::default());
    create_topic(&engine);
    let mut expected: Vec<Vec<u8>> = Vec::new();
    let mut used_again = 0;
    for round in 0..200u32 {
        let value = format!("value {round}").into_bytes();
        append(&engine, &value);
        expected.push(value);
        if round % 10 == 9 {
            let snapshot = engine.snapshot();
            engine.checkpoint(snapshot, Follows::Journal).expect("a checkpoint");
        }
        engine.prepare_file().expect("a file");
        // At each place of the writer in its file: what is behind it is of the file's earlier life.
        let engine = open(killed(&watched.disk.world()), Defect::default());
        assert!(values_of(&engine, at(1, 0), 0) == expected, "after {round}");
        used_again = watched.events().iter().filter(|event| matches!(&event.kind, Kind::Rename(from) if from.extension() == event.path.extension() && event.is_in("/data/journal"))).count();
    }
    assert!(used_again > 10, "files were used again {used_again} times");
}

/// Record 5 of the first start has the number that comes next in the second start's file, stands right where it would be,
/// and is whole. It is another file's.
#[test]
fn though_its_number_is_the_one_that_comes_next() {
    for (defect, expected) in [(Defect::default(), 1), (Defect::plant(Planted::StaleFramesAccepted), 2)] {
        let disk = SimDisk::default();
        folder(&disk);
        let engine = open(disk.clone(), defect);
        create_topic(&engine);
        append(&engine, b"counts");
        let early = disk.world();
        append(&engine, b"never counted");
        append(&engine, b"nor did this");
        // Blocks of the first file: header, start, topic, and a record each. The last one is number 5.
        let first = disk.open(&journal(1)).expect("the first file");
        let stale = first.read_at(5 * BLOCK, BLOCK as usize).expect("a block");
        assert!(stale.windows(12).any(|bytes| bytes == b"nor did this"));
        drop(engine);

        // The second start takes over from what was there after the first value: that is record 3, its own start is 4.
        let disk = killed(&early);
        drop(open(disk.clone(), defect));
        let second = disk.open(&journal(2)).expect("the second file");
        let length = second.length().expect("its length");
        let is_free =
            |block: &u64| second.read_at(block * BLOCK, BLOCK as usize).is_ok_and(|b| b.iter().all(|b| *b == 0));
        let free = (1..length / BLOCK).find(is_free).expect("a free block");
        second.write_sync_at(&[IoSlice::new(&stale)], free * BLOCK).expect("a write");

        let engine = open(killed(&disk.world()), defect);
        let found = values_of(&engine, at(1, 0), 0);
        assert_eq!(found.len(), expected, "{found:?}");
    }
}
