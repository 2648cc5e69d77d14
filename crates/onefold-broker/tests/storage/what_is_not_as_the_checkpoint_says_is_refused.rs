//! A checkpoint says what of each segment counts, and the journal below it is gone. So a start refuses where a segment is
//! missing or shorter than it says, or the checkpoint itself is damaged or another version's, and says what to do; what is
//! damaged inside a segment is found by whoever reads it, who is told so and gets nothing else in its place.

use crate::support::{at, batch, topic, values};
use fastrand::Rng;
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Lost, SimDisk, World};
use onefold_broker::log::{Engine, Follows, Log, LogSettings, OpenError, ReadError};
use onefold_broker_core::batch::patch;
use onefold_broker_core::{Append, Record};
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CHECKPOINT: &str = "/data/checkpoint";

fn settings() -> LogSettings {
    LogSettings { segment_bytes: 100, ..LogSettings::default() }
}

fn open(disk: &SimDisk) -> Result<Log, OpenError> {
    Log::open(Arc::new(disk.clone()), Path::new("/data"), settings())
}

/// A disk with a checkpoint, and a partition of several segments of a batch or two.
fn shut_down() -> World {
    let disk = SimDisk::default();
    disk.create_dir(Path::new("/data")).expect("the folder");
    let engine = Engine::open(Arc::new(disk.clone()), Path::new("/data"), settings()).expect("the log opens");
    let created = Record::TopicCreated { id: topic(1), name: "t".into(), partitions: 1, configs: vec![] };
    engine.sequence(|_, _| ((), Some(created))).expect("the log is open");
    for offset in 0..8 {
        let mut bytes = batch(None, 1, 1, format!("value {offset}").as_bytes());
        patch(&mut bytes, offset, 1);
        let append = Append { at: at(1, 0), base_offset: offset, batch: bytes.into() };
        engine.sequence(|_, _| ((), Some(Record::Appended(vec![append])))).expect("the log is open");
        engine.sync().expect("durable");
        engine.flush().expect("flushed");
    }
    engine.checkpoint(engine.snapshot(), Follows::Nothing).expect("a checkpoint");
    assert!(segments(&disk).len() > 2);
    disk.world()
}

fn again(world: &World) -> SimDisk {
    SimDisk::of(world.crash(Lost::Nothing, &mut Rng::with_seed(1)))
}

/// By offset.
fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    let root = Path::new("/data/segments");
    let folder = root.join(disk.list(root).expect("the folder").first().expect("a partition"));
    let mut names = disk.list(&folder).expect("a partition");
    names.sort_unstable();
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn refusal(disk: &SimDisk) -> String {
    let refused = open(disk).err().expect("it is refused");
    assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("restore the folder from a copy"), "{text}");
    text
}

#[test]
fn a_missing_segment_is_named() {
    let world = shut_down();
    for index in 0..segments(&again(&world)).len() {
        let disk = again(&world);
        let path = segments(&disk)[index].clone();
        disk.remove(&path).expect("it goes");
        let text = refusal(&disk);
        assert!(text.contains("the segment is missing") && text.contains(path.to_str().expect("text")), "{text}");
    }
}

#[test]
fn a_segment_that_is_too_short_is_named() {
    let disk = again(&shut_down());
    let path = segments(&disk).pop().expect("a segment");
    let file = disk.open(&path).expect("it is there");
    file.set_len(file.length().expect("its length") - 1).expect("it is cut");
    let text = refusal(&disk);
    assert!(text.contains("were durable") && text.contains(path.to_str().expect("text")), "{text}");
}

#[test]
fn a_damaged_checkpoint_and_one_of_another_version_are_told_apart() {
    let world = shut_down();
    let disk = again(&world);
    let file = disk.open(Path::new(CHECKPOINT)).expect("the checkpoint");
    file.write_at(&[IoSlice::new(b"?")], 100).expect("a write");
    assert!(refusal(&disk).contains(CHECKPOINT));

    let disk = again(&world);
    let file = disk.open(Path::new(CHECKPOINT)).expect("the checkpoint");
    file.write_at(&[IoSlice::new(&9u32.to_le_bytes())], 8).expect("a write");
    let refused = open(&disk).err().expect("it is refused");
    assert!(matches!(refused, OpenError::WrongVersion { found: 9, known: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("open it with the version that wrote it"), "{refused}");
}

/// Segments below the log's start may be gone already: they are removed after the record that moves it.
#[tokio::test]
async fn segments_below_the_logs_start_are_not_missed() {
    let disk = again(&shut_down());
    let log = open(&disk).expect("it opens");
    let (_, lsn) = log.sequence(|_, _| ((), Some(Record::LogStartMoved(vec![(at(1, 0), 7)])))).expect("open");
    log.wait_durable(lsn).await.expect("durable");
    let disk = again(&disk.world());
    drop(log);
    let first = segments(&disk).swap_remove(0);
    disk.remove(&first).expect("it goes");
    let log = open(&disk).expect("nobody needs it");
    assert_eq!(values(&log, at(1, 0), 7), [b"value 7"]);
}

#[test]
fn damage_inside_a_segment_is_told_to_its_readers_only() {
    let disk = again(&shut_down());
    let path = segments(&disk).swap_remove(1);
    let file = disk.open(&path).expect("it is there");
    file.write_at(&[IoSlice::new(&[0xEE; 30])], 0).expect("a write");
    let log = open(&disk).expect("nothing is missing");
    let base = onefold_broker::segment::parse_file_name(path.file_name().and_then(|name| name.to_str()).expect("text"));
    let base = base.expect("a segment's name");
    let refused = log.read(at(1, 0), base, 1 << 20, true).expect_err("it cannot be read");
    assert!(matches!(refused, ReadError::Damaged { .. }), "{refused}");
    let before = log.read(at(1, 0), 0, 1, true).expect("what is before it can");
    assert_eq!(before.batches.len(), 1);
    assert_eq!(values(&log, at(1, 0), 7), [b"value 7"], "and what is behind it");
}
