//! A checkpoint waits until the disk has all segments, which takes a loaded disk as long as it likes. Meanwhile memory is
//! worked off and producers are answered; and nothing that happens meanwhile is forgotten by it or by the next one.

use crate::support::{append, append_batch, at, batch, create_topic, topic, values_of};
use crate::watched::{Event, Kind, PATIENCE, Verdict, Watched};
use fastrand::Rng;
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Lost, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Engine, Follows, Log, LogSettings};
use onefold_broker_core::Record;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Memory holds so much.
const MEMORY: usize = 64 << 10;
const VALUE: usize = 2 << 10;

fn settings() -> LogSettings {
    LogSettings {
        first_file_bytes: 64 << 10,
        journal_file_bytes: 64 << 10,
        pace: Pace::new(64 << 10, Duration::ZERO),
        checkpoint_bytes: 64 << 10,
        tail_flush_bytes: 8 << 10,
        tail_limit_bytes: MEMORY,
        // A segment is due as soon as it is written to.
        sync_ahead_bytes: 1,
        ..LogSettings::default()
    }
}

fn syncs_a_segment(event: &Event) -> bool {
    event.kind == Kind::Sync && event.is_in("/data/segments")
}

/// Passes everything again, however the test ends: a log cannot be shut down while its disk is held.
struct Released(Watched);

impl Drop for Released {
    fn drop(&mut self) {
        self.0.rule(|_| Verdict::Pass);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_worked_off_meanwhile() {
    let watched = Watched::on(SimDisk::default());
    let settings = LogSettings { sync_ahead_bytes: u64::MAX, ..settings() };
    let log = Log::open(Arc::new(watched.clone()), Path::new("/data"), settings).expect("the log opens");
    let released = Released(watched.clone());
    create_topic(&log, 1, 1);
    watched.rule(|event| if syncs_a_segment(event) { Verdict::Hold } else { Verdict::Pass });
    // Twice what makes a checkpoint due, and then eight times what memory holds.
    for n in 0..128 + 8 * MEMORY / VALUE {
        let room = tokio::time::timeout(PATIENCE, log.room(VALUE)).await;
        let _room = room.unwrap_or_else(|_| panic!("no room for record {n}")).expect("the log goes on");
        let (_, lsn) = append(&log, at(1, 0), &[n as u8; VALUE]);
        tokio::time::timeout(PATIENCE, log.wait_durable(lsn)).await.expect("in time").expect("durable");
    }
    assert_eq!(watched.held(1).len(), 1, "the checkpoint still waits for its segments");
    drop(released);
    watched.until_done(|event| matches!(event.kind, Kind::Rename(_)) && event.path == Path::new("/data/checkpoint"));
}

fn write(engine: &Engine, record: Record) {
    engine.sequence(|_, _| ((), Some(record))).expect("the log is open");
    engine.sync().expect("durable");
}

fn append_to(engine: &Engine, to: u8, value: &[u8]) {
    append_batch(engine, at(to, 0), batch(None, 1, 1, value));
    engine.sync().expect("durable");
}

/// Two topics, each with a durable record in its segment.
fn filled() -> (Watched, Engine) {
    let watched = Watched::on(SimDisk::default());
    watched.disk.create_dir(Path::new("/data")).expect("the folder");
    watched.sync_dir(Path::new("/")).expect("its name");
    let engine = Engine::open(Arc::new(watched.clone()), Path::new("/data"), settings()).expect("the log opens");
    for n in 1..=2 {
        let name = n.to_string();
        write(&engine, Record::TopicCreated { id: topic(n), name, partitions: 1, configs: vec![] });
        append_to(&engine, n, b"first");
    }
    engine.flush().expect("flushed");
    (watched, engine)
}

fn named<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name(name.into());
        builder.spawn_scoped(scope, work).expect("a thread").join().expect("no panic")
    })
}

/// Who syncs takes the list of files between the moment in which a write is noted and the write.
#[test]
fn what_is_written_between_two_is_synced_by_the_second() {
    let (watched, engine) = filled();
    watched.rule(|event| match event.thread.as_str() {
        "ahead" if syncs_a_segment(event) => Verdict::Hold,
        "keeper" if event.kind == Kind::Write => Verdict::Hold,
        _ => Verdict::Pass,
    });
    thread::scope(|scope| {
        let _released = Released(watched.clone());
        // The turn to sync is taken: the checkpoint has flushed and waits for it.
        let ahead = scope.spawn(|| named("ahead", || engine.sync_ahead().expect("synced")));
        watched.held(1);
        append_to(&engine, 1, b"in the first");
        let checkpoint = scope.spawn(|| named("checkpoint", || engine.checkpoint(engine.snapshot(), Follows::Journal)));
        watched.until_done(|event| event.kind == Kind::Write && event.thread == "checkpoint");
        append_to(&engine, 1, b"between");
        let keeper = scope.spawn(|| named("keeper", || engine.flush()));
        watched.held(2);
        watched.rule(|event| match event.thread.as_str() {
            "keeper" if event.kind == Kind::Write => Verdict::Hold,
            _ => Verdict::Pass,
        });
        ahead.join().expect("no panic");
        watched.until_done(|event| event.path == Path::new("/data/checkpoint"));
        watched.rule(|_| Verdict::Pass);
        checkpoint.join().expect("no panic").expect("a checkpoint");
        keeper.join().expect("no panic").expect("flushed");
    });
    engine.checkpoint(engine.snapshot(), Follows::Nothing).expect("a checkpoint");
    drop(engine);
    for lost in [Lost::All, Lost::Memory, Lost::Any, Lost::Nothing] {
        let image = SimDisk::of(watched.disk.world().crash(lost, &mut Rng::with_seed(1)));
        let engine = Engine::open(Arc::new(image), Path::new("/data"), settings()).expect("the log opens");
        let values = values_of(&engine, at(1, 0), 0);
        assert_eq!(values, [&b"first"[..], b"in the first", b"between"], "{lost:?}");
    }
}

#[test]
fn a_topic_that_goes_meanwhile_ends_nothing() {
    let (watched, engine) = filled();
    watched.rule(|event| if syncs_a_segment(event) { Verdict::Hold } else { Verdict::Pass });
    thread::scope(|scope| {
        let _released = Released(watched.clone());
        let checkpoint = scope.spawn(|| engine.checkpoint(engine.snapshot(), Follows::Journal));
        watched.held(1);
        write(&engine, Record::TopicDeleted { id: topic(1) });
        engine.trim().expect("its files go, and nobody waits for the checkpoint");
        assert_eq!(watched.list(Path::new("/data/segments")).expect("the folder").len(), 1);
        watched.rule(|_| Verdict::Pass);
        checkpoint.join().expect("no panic").expect("a checkpoint");
    });
    append_to(&engine, 2, b"second");
    engine.checkpoint(engine.snapshot(), Follows::Nothing).expect("a checkpoint");
    drop(engine);
    let image = SimDisk::of(watched.disk.world().crash(Lost::All, &mut Rng::with_seed(1)));
    let engine = Engine::open(Arc::new(image), Path::new("/data"), settings()).expect("the log opens");
    assert_eq!(values_of(&engine, at(2, 0), 0), [&b"first"[..], b"second"]);
}

/// On a full disk what a checkpoint waits for may never be durable: a log that ends does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_ends_whose_checkpoint_finds_the_disk_full() {
    let watched = Watched::on(SimDisk::default());
    let settings = LogSettings { sync_ahead_bytes: u64::MAX, ..settings() };
    let log = Arc::new(Log::open(Arc::new(watched.clone()), Path::new("/data"), settings).expect("the log opens"));
    let _released = Released(watched.clone());
    create_topic(&log, 1, 1);
    // A checkpoint is under way, another one is due when it is done.
    watched.rule(|event| if syncs_a_segment(event) { Verdict::Hold } else { Verdict::Pass });
    for n in 0..128 {
        let _room = tokio::time::timeout(PATIENCE, log.room(VALUE)).await.expect("in time").expect("room");
        let (_, lsn) = append(&log, at(1, 0), &[n as u8; VALUE]);
        tokio::time::timeout(PATIENCE, log.wait_durable(lsn)).await.expect("in time").expect("durable");
    }
    watched.held(1);
    let is_full = |event: &Event| event.is_group();
    watched.rule(move |event| match syncs_a_segment(event) {
        true => Verdict::Hold,
        false if is_full(event) => Verdict::Fail(ErrorKind::StorageFull),
        false => Verdict::Pass,
    });
    let before = watched.events().len();
    append(&log, at(1, 0), &[1; VALUE]);
    watched.until(move |events| events[before..].iter().any(|event| event.done.is_some() && is_full(event)));
    watched.rule(move |event| if is_full(event) { Verdict::Fail(ErrorKind::StorageFull) } else { Verdict::Pass });
    // The first is done, and the next one has a snapshot that cannot become durable: the writer has tried often since.
    watched.until(move |events| {
        let named = |event: &Event| event.done.is_some() && event.path == Path::new("/data/checkpoint");
        let Some(done) = events[before..].iter().position(named) else { return false };
        events[before..][done..].iter().filter(|event| is_full(event)).count() > 4
    });
    let (ends, (tell, told)) = (log.clone(), mpsc::channel());
    thread::spawn(move || {
        ends.shutdown();
        let _ = tell.send(());
    });
    let ended = told.recv_timeout(PATIENCE);
    if ended.is_err() {
        // Or this test would hang where it fails.
        std::mem::forget(log);
    }
    ended.expect("it ends");
}
