//! Each journal file starts with its magic, format version, cluster and sequence, and each record in it carries its number,
//! its start, the broker's time and how far everything was durable. A file that is another version's or another broker's, or
//! stands under another number than its own, is named and refused, not read.

use crate::support::{at, batch, topic};
use fastrand::Rng;
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Lost, SimDisk, World};
use onefold_broker::journal::{BLOCK, Header, Identity, ReplayStart, file_name, replay};
use onefold_broker::log::{Clock, Engine, LogSettings, OpenError};
use onefold_broker_core::batch::patch;
use onefold_broker_core::{Append, Lsn, Record};
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const OURS: Identity = Identity { cluster_id: [1; 16], salt: [2; 16] };
const THEIRS: Identity = Identity { cluster_id: [3; 16], salt: [4; 16] };

fn try_open(disk: &SimDisk, identity: Identity, clock: &Arc<AtomicI64>) -> Result<Engine, OpenError> {
    let settings =
        LogSettings { identity: Some(identity), clock: Clock::Manual(clock.clone()), ..LogSettings::default() };
    Engine::open(Arc::new(disk.clone()), Path::new("/data"), settings)
}

/// A broker's disk with a topic and three records, each a group of its own, each at its time.
fn filled(identity: Identity) -> World {
    let (disk, clock) = (SimDisk::default(), Arc::new(AtomicI64::new(1000)));
    disk.create_dir(Path::new("/data")).expect("the folder");
    let engine = try_open(&disk, identity, &clock).expect("the log opens");
    let created = Record::TopicCreated { id: topic(1), name: "t".into(), partitions: 1, configs: vec![] };
    engine.sequence(|_, _| ((), Some(created))).expect("the log is open");
    engine.sync().expect("durable");
    for offset in 0..3 {
        clock.store(2000 + offset, Ordering::Relaxed);
        let mut bytes = batch(None, 1, 1, b"value");
        patch(&mut bytes, offset, 1);
        let append = Append { at: at(1, 0), base_offset: offset, batch: bytes.into() };
        engine.sequence(|_, _| ((), Some(Record::Appended(vec![append])))).expect("the log is open");
        engine.sync().expect("durable");
    }
    disk.world()
}

fn journal(sequence: u64) -> PathBuf {
    Path::new("/data/journal").join(file_name(sequence))
}

fn again(world: &World) -> SimDisk {
    SimDisk::of(world.crash(Lost::Nothing, &mut Rng::with_seed(1)))
}

/// What a start says of the disk.
fn refusal(disk: &SimDisk) -> OpenError {
    try_open(disk, OURS, &Arc::default()).err().expect("it is refused")
}

fn change(disk: &SimDisk, at: u64, bytes: &[u8]) {
    disk.open(&journal(1)).expect("the file").write_at(&[IoSlice::new(bytes)], at).expect("a write");
}

#[test]
fn each_record_has_its_number_start_time_and_how_far_all_was_durable() {
    let mut found = Vec::new();
    let end = replay(&again(&filled(OURS)), Path::new("/data/journal"), ReplayStart::default(), |replayed| {
        let stamp = replayed.frame.stamp;
        found.push((stamp.lsn.0, stamp.start_epoch, stamp.time_ms, replayed.frame.durable.0));
        Ok::<_, ()>(())
    });
    assert_eq!(end.expect("it is read").identity, Some(OURS));
    // Each was written when all before it were durable. The start itself is what a folder begins with.
    assert_eq!(found, [(1, 1, 1000, 0), (2, 1, 1000, 1), (3, 1, 2000, 2), (4, 1, 2001, 3), (5, 1, 2002, 4)]);
}

#[test]
fn another_format_version_is_named() {
    let disk = again(&filled(OURS));
    let mut block = disk.open(&journal(1)).and_then(|file| file.read_at(0, BLOCK as usize)).expect("the header");
    block[8..12].copy_from_slice(&7u32.to_le_bytes());
    let crc = crc32c::crc32c(&block[..68]);
    block[68..72].copy_from_slice(&crc.to_le_bytes());
    change(&disk, 0, &block);
    let refused = refusal(&disk);
    assert!(matches!(refused, OpenError::WrongVersion { found: 7, known: 1, .. }), "{refused}");
}

#[test]
fn a_file_of_another_broker_is_refused() {
    let (disk, theirs) = (again(&filled(OURS)), again(&filled(THEIRS)));
    let bytes = theirs.open(&journal(1)).and_then(|file| file.read_at(0, 1 << 20)).expect("their file");
    let mut header = Header::decode(&bytes, 1).expect("their header");
    header.sequence = 2;
    let file = disk.create(&journal(2)).expect("a file");
    file.write_at(&[IoSlice::new(&header.encode()), IoSlice::new(&bytes[BLOCK as usize..])], 0).expect("a write");
    let refused = refusal(&disk).to_string();
    assert!(refused.contains("belongs to another broker"), "{refused}");
}

/// Under another number its header and its records do not count; but they say that something was durable.
#[test]
fn a_file_under_another_number_is_refused() {
    let disk = again(&filled(OURS));
    disk.rename(&journal(1), &journal(9)).expect("a rename");
    let refused = refusal(&disk);
    assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused}");
}

#[test]
fn without_its_magic_it_is_refused() {
    let disk = again(&filled(OURS));
    change(&disk, 0, b"X");
    let refused = refusal(&disk).to_string();
    assert!(refused.contains("lost its header") && refused.contains("restore the folder"), "{refused}");
}

#[test]
fn untouched_it_is_read() {
    let engine = try_open(&again(&filled(OURS)), OURS, &Arc::default()).expect("it opens");
    assert_eq!(engine.durable_lsn(), Lsn(6));
}
