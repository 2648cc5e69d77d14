//! The journal holds results, so a start applies them as they are: it neither validates, nor decides again, nor reads a
//! clock. Here are records that no broker would decide for (gaps and repeats in sequences, a fenced epoch, a checksum that
//! does not hold, names and configs that are refused, offsets beyond the end, expiries that are not due): a start finds the
//! state they made, whatever its own clock says.

use crate::support::{at, batch, topic, values_of};
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Lost, SimDisk};
use onefold_broker::log::{Clock, Engine, LogSettings};
use onefold_broker_core::batch::{Header, patch};
use onefold_broker_core::produce::{Decision, decide};
use onefold_broker_core::{Append, CommittedOffset, Record, Stamp, State};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// When the journal is written.
const THEN_MS: i64 = 1_700_000_000_000;

fn open(disk: &SimDisk, now_ms: i64) -> Engine {
    let clock = Clock::Manual(Arc::new(AtomicI64::new(now_ms)));
    let settings = LogSettings { clock, ..LogSettings::default() };
    Engine::open(Arc::new(disk.clone()), Path::new("/data"), settings).expect("the log opens")
}

fn make_folder(disk: &SimDisk) {
    disk.create_dir(Path::new("/data")).expect("the folder");
    disk.sync_dir(Path::new("/")).expect("its name");
}

/// As the journal would have it, without asking anyone.
fn append(engine: &Engine, mut bytes: Vec<u8>, damage: impl FnOnce(&mut Vec<u8>)) {
    engine
        .sequence(|state, _| {
            let base_offset = state.partition(at(1, 0)).expect("it is there").log_end();
            patch(&mut bytes, base_offset, state.leader_epoch());
            damage(&mut bytes);
            ((), Some(Record::Appended(vec![Append { at: at(1, 0), base_offset, batch: bytes.into() }])))
        })
        .expect("the log is open");
}

fn write(engine: &Engine, record: Record) {
    engine.sequence(|_, _| ((), Some(record))).expect("the log is open");
}

fn write_what_no_broker_would(engine: &Engine) {
    let configs = vec![("retention.ms".to_owned(), "nonsense".to_owned()), ("no.such".to_owned(), String::new())];
    write(engine, Record::TopicCreated { id: topic(1), name: "../no/name".into(), partitions: 2, configs });
    for (epoch, sequence) in [(3, 70), (3, 70), (3, 5), (1, 0)] {
        append(engine, batch(Some((9, epoch, sequence)), 2, 5, b"value"), |_| ());
    }
    append(engine, batch(None, 1, i64::MAX, b"a checksum that does not hold"), |bytes| bytes[17] ^= 0xFF);
    append(engine, batch(Some((9, -5, -7)), 3, -9, b"no such epoch or sequence"), |_| ());
    write(engine, Record::ProducersExpired(vec![(at(1, 0), 9), (at(7, 7), 1)]));
    write(engine, Record::LogStartMoved(vec![(at(1, 0), 3), (at(1, 1), i64::MAX)]));
    let commit = |at, offset| CommittedOffset { at, offset, leader_epoch: 99, metadata: "m".into() };
    let commits = vec![commit(at(1, 0), i64::MAX), commit(at(8, 0), 1)];
    write(engine, Record::OffsetsCommitted { group: "nobody is in it".into(), commits });
    write(engine, Record::OffsetsDeleted { group: "no such group".into(), partitions: vec![at(1, 0)] });
    write(engine, Record::TopicDeleted { id: topic(6) });
    write(engine, Record::ProducerIdsReserved { next: 7 });
    write(engine, Record::ProducerIdsReserved { next: 3 });
}

fn state(engine: &Engine) -> State {
    engine.view(|state, _| state.clone())
}

#[test]
fn whatever_the_records_and_whatever_the_clock() {
    let disk = SimDisk::default();
    make_folder(&disk);
    let engine = open(&disk, THEN_MS);
    write_what_no_broker_would(&engine);
    engine.sync().expect("durable");
    let (expected, batches) = (state(&engine), values_of(&engine, at(1, 0), 3));
    assert_eq!(batches.len(), 5, "records of the log's start on");
    let header = Header::parse(&batch(Some((9, 3, 70)), 2, 5, b"value")).expect("a batch");
    assert!(!matches!(decide(&expected, at(1, 0), &header), Decision::Append { .. }), "it would be refused today");
    drop(engine);

    for now_ms in [0, THEN_MS, THEN_MS + 10 * 365 * 24 * 60 * 60 * 1000, i64::MAX] {
        let disk = SimDisk::of(disk.world().crash(Lost::All, &mut fastrand::Rng::with_seed(1)));
        let engine = open(&disk, now_ms);
        let mut started = expected.clone();
        let (lsn, epoch) = (expected.lsn().next(), expected.leader_epoch() + 1);
        started.apply(&Stamp { lsn, start_epoch: epoch, time_ms: 0 }, &Record::Started { epoch });
        assert_eq!(state(&engine), started, "at {now_ms}");
        assert!(values_of(&engine, at(1, 0), 3) == batches, "at {now_ms}: byte for byte, the damaged one too");
        assert!(engine.expire_producers().is_ok() && engine.durable_lsn() == lsn, "what is due is decided later");
    }
}

/// Broker time never goes back, however the machine's clock was set between two starts.
#[test]
fn broker_time_goes_on_from_the_newest_record() {
    let disk = SimDisk::default();
    make_folder(&disk);
    let engine = open(&disk, THEN_MS);
    write(&engine, Record::ProducerIdsReserved { next: 1 });
    engine.sync().expect("durable");
    drop(engine);
    let engine = open(&disk, 1000);
    assert_eq!(engine.view(|_, now| now.time_ms), THEN_MS);
}
