//! A checkpoint lets the journal forget, so each of its steps must be durable before the next: the segments and their
//! folders, the new file under another name, its name, the folder; only then may a journal file be used again. And it is one
//! file that holds everything: a start needs nothing of the journal below it, and nothing of the segments beyond it.

use crate::support::{append_batch, at, batch, topic, values_of};
use crate::watched::{Event, Kind, Verdict, Watched};
use fastrand::Rng;
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Lost, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Engine, Follows, LogSettings};
use onefold_broker_core::{Lsn, Record, Stamp, State};
use std::io::{ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn open(disk: impl Disk) -> Engine {
    let settings = LogSettings {
        first_file_bytes: 16 << 10,
        journal_file_bytes: 16 << 10,
        pace: Pace::new(16 << 10, Duration::ZERO),
        ready_files: 1,
        // So that no freed file is kept that is not used.
        checkpoint_bytes: 16 << 10,
        segment_bytes: 8 << 10,
        ..LogSettings::default()
    };
    Engine::open(Arc::new(disk), Path::new("/data"), settings).expect("the log opens")
}

fn write(engine: &Engine, record: Record) -> Lsn {
    engine.sequence(|_, _| ((), Some(record))).expect("the log is open").1
}

fn append(engine: &Engine, partition: i32, value: &[u8]) {
    append_batch(engine, at(1, partition), batch(Some((5, 0, 0)), 1, 1, value));
}

/// A log of some durable batches in two partitions, over more than one journal file, nothing of it in segments.
fn filled() -> (Watched, Engine) {
    let watched = Watched::on(SimDisk::default());
    watched.disk.create_dir(Path::new("/data")).expect("the folder");
    watched.sync_dir(Path::new("/")).expect("its name");
    let engine = open(watched.clone());
    write(&engine, Record::TopicCreated { id: topic(1), name: "t".into(), partitions: 2, configs: vec![] });
    for n in 0..30 {
        append(&engine, n % 2, &[n as u8; 1200]);
        engine.sync().expect("durable");
        engine.prepare_file().expect("a file");
    }
    (watched, engine)
}

fn checkpoint(engine: &Engine) -> std::io::Result<()> {
    let snapshot = engine.snapshot();
    engine.sync().expect("durable");
    engine.checkpoint(snapshot, Follows::Journal)
}

/// Where in the order of effects the last one of these is.
fn last(events: &[Event], like: impl Fn(&Event) -> bool) -> usize {
    events.iter().rposition(like).expect("there is such an effect")
}

fn first(events: &[Event], like: impl Fn(&Event) -> bool) -> usize {
    events.iter().position(like).expect("there is such an effect")
}

#[test]
fn each_step_before_the_next() {
    let (watched, engine) = filled();
    watched.forget();
    checkpoint(&engine).expect("a checkpoint");
    engine.prepare_file().expect("a file");
    let events = watched.events();
    let (new, name) = (PathBuf::from("/data/checkpoint.new"), PathBuf::from("/data/checkpoint"));
    let created = first(&events, |event| event.kind == Kind::Create && event.path == new);
    let segments: Vec<&Event> = events.iter().filter(|e| e.is_in("/data/segments") && e.kind == Kind::Write).collect();
    assert!(segments.len() >= 2, "{} writes into segments", segments.len());
    for segment in segments {
        let written = last(&events, |event| event.path == segment.path && event.kind == Kind::Write);
        let synced = last(&events, |event| event.path == segment.path && event.kind == Kind::Sync);
        let folder = segment.path.parent().expect("a folder");
        let named = last(&events, |event| event.path == folder && event.kind == Kind::SyncDir);
        assert!(written < synced && synced < created && named < created, "{}", segment.path.display());
    }
    let folders = last(&events, |event| event.path == Path::new("/data/segments") && event.kind == Kind::SyncDir);
    let written = last(&events, |event| event.path == new && event.kind == Kind::Write);
    let synced = last(&events, |event| event.path == new && event.kind == Kind::Sync);
    let renamed = last(&events, |event| event.path == name && event.kind == Kind::Rename(new.clone()));
    let durable = last(&events, |event| event.path == Path::new("/data") && event.kind == Kind::SyncDir);
    assert!(folders < created && created < written && written < synced && synced < renamed && renamed < durable);
    let gives_up = |event: &Event| matches!(event.kind, Kind::Rename(_) | Kind::Remove) && event.is_in("/data/journal");
    assert!(durable < first(&events, gives_up), "a journal file goes before the checkpoint is durable");
}

/// Whether an effect is the one that is meant.
type Like = fn(&Event) -> bool;

/// Whichever step fails, the last checkpoint holds, and the journal that it needs is there.
#[test]
fn a_step_that_fails_leaves_the_last_one() {
    let steps: [(&str, Like); 5] = [
        ("a segment's sync", |event| event.kind == Kind::Sync && event.is_in("/data/segments")),
        ("a folder's sync", |event| event.kind == Kind::SyncDir && event.is_in("/data/segments")),
        ("the new file's write", |event| event.kind == Kind::Write && event.path.ends_with("checkpoint.new")),
        ("its sync", |event| event.kind == Kind::Sync && event.path.ends_with("checkpoint.new")),
        ("its rename", |event| event.path == Path::new("/data/checkpoint")),
    ];
    for (step, is_it) in steps {
        let (watched, engine) = filled();
        let expected = (values_of(&engine, at(1, 0), 0), values_of(&engine, at(1, 1), 0));
        watched.rule(move |event| if is_it(event) { Verdict::Fail(ErrorKind::Other) } else { Verdict::Pass });
        checkpoint(&engine).expect_err(step);
        watched.rule(|_| Verdict::Pass);
        let _ = engine.prepare_file();
        for lost in [Lost::All, Lost::Memory, Lost::Any] {
            let after = open(SimDisk::of(watched.disk.world().crash(lost, &mut Rng::with_seed(1))));
            let found = (values_of(&after, at(1, 0), 0), values_of(&after, at(1, 1), 0));
            assert!(found == expected, "{step}, {lost:?}");
        }
    }
}

/// Topics with configs, log starts, epochs, windows, groups, offsets and ids: everything comes back from the one file.
#[test]
fn it_holds_everything() {
    let (watched, engine) = filled();
    write(&engine, Record::TopicConfigured { id: topic(1), configs: vec![("retention.ms".into(), "9".into())] });
    write(&engine, Record::LogStartMoved(vec![(at(1, 0), 3)]));
    write(&engine, Record::ProducerIdsReserved { next: 1000 });
    let commit =
        onefold_broker_core::CommittedOffset { at: at(1, 1), offset: 4, leader_epoch: 1, metadata: "m".into() };
    write(&engine, Record::OffsetsCommitted { group: "g".into(), commits: vec![commit] });
    write(&engine, Record::GroupChanged(crate::support::group("members")));
    let snapshot = engine.snapshot();
    engine.sync().expect("durable");
    let expected = engine.view(|state, _| state.clone());
    let values = (values_of(&engine, at(1, 0), 3), values_of(&engine, at(1, 1), 0));
    engine.checkpoint(snapshot, Follows::Nothing).expect("a checkpoint");
    drop(engine);
    for name in watched.list(Path::new("/data/journal")).expect("the journal") {
        watched.disk.remove(&Path::new("/data/journal").join(name)).expect("it goes");
    }

    let engine = open(watched.disk.clone());
    let started = after_a_start(&expected);
    assert_eq!(engine.view(|state, _| state.clone()), started);
    assert!((values_of(&engine, at(1, 0), 3), values_of(&engine, at(1, 1), 0)) == values);
    assert_eq!(
        engine.view(|state, _| state.partition(at(1, 0)).map(|p| p.end_of_epoch(1))).flatten().map(|e| e.end_offset),
        Some(15)
    );
}

fn after_a_start(state: &State) -> State {
    let mut started = state.clone();
    let epoch = state.leader_epoch() + 1;
    started.apply(&Stamp { lsn: state.lsn().next(), start_epoch: epoch, time_ms: 0 }, &Record::Started { epoch });
    started
}

/// What was flushed to segments after the checkpoint is in the journal still, and counts once; what else stands behind the
/// end that the checkpoint names, or in files that it does not name, counts not at all.
#[test]
fn segments_beyond_it_do_not_count() {
    let (watched, engine) = filled();
    checkpoint(&engine).expect("a checkpoint");
    for n in 0..20 {
        append(&engine, n % 2, b"after the checkpoint");
    }
    engine.sync().expect("durable");
    engine.flush().expect("flushed");
    let expected = (values_of(&engine, at(1, 0), 0), values_of(&engine, at(1, 1), 0));
    drop(engine);
    let mut spoilt = 0;
    for folder in watched.list(Path::new("/data/segments")).expect("the segments") {
        let folder = Path::new("/data/segments").join(folder);
        let mut names = watched.list(&folder).expect("a partition");
        names.sort_unstable();
        let path = folder.join(names.last().expect("a segment"));
        let file = watched.disk.open(&path).expect("a segment");
        file.write_at(&[IoSlice::new(&[0xEE; 5000])], file.length().expect("its length")).expect("a write");
        let stranger = watched.disk.create(&folder.join(onefold_broker::segment::file_name(999_999))).expect("a file");
        stranger.write_at(&[IoSlice::new(b"no batch")], 0).expect("a write");
        spoilt += 1;
    }
    assert_eq!(spoilt, 2);

    let engine = open(SimDisk::of(watched.disk.world().crash(Lost::Nothing, &mut Rng::with_seed(1))));
    let read = |engine: &Engine| (values_of(engine, at(1, 0), 0), values_of(engine, at(1, 1), 0));
    assert!(read(&engine) == expected);
    // And when they have been written over, and named by the next checkpoint.
    checkpoint(&engine).expect("a checkpoint");
    assert!(read(&engine) == expected);
}
