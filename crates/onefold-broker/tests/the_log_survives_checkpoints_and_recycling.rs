//! The whole way of a batch on the real disk, in small: journal files fill up, checkpoints free them, they are used again,
//! segments close, topics come and go; and after each start everything that was acknowledged is still there, in order.

mod support;

use onefold_broker::disk::RealDisk;
use onefold_broker::journal::Pace;
use onefold_broker::log::{Log, LogSettings};
use onefold_broker_core::{Lsn, Record, TopicPartition};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{append, at, create_topic, topic, values};

fn open(folder: &Path) -> Log {
    let settings = LogSettings {
        first_file_bytes: 16 << 10,
        journal_file_bytes: 64 << 10,
        pace: Pace::new(64 << 10, Duration::ZERO),
        checkpoint_bytes: 128 << 10,
        tail_flush_bytes: 16 << 10,
        segment_bytes: 24 << 10,
        ..LogSettings::default()
    };
    Log::open(Arc::new(RealDisk), folder, settings).expect("the log opens")
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn value(n: usize) -> Vec<u8> {
    let mut value = format!("value {n} ").into_bytes();
    value.resize(500 + n % 700, b'x');
    value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_is_there_after_many_checkpoints_and_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
    for start in 0..3 {
        let log = open(folder.path());
        if start == 0 {
            create_topic(&log, 1, 3);
        }
        for (number, expected) in (0..).zip(&expected) {
            assert_eq!(&values(&log, at(1, number), 0), expected, "partition {number} at start {start}");
        }
        let mut last = Lsn::NONE;
        for n in 0..1500 {
            let partition = n % 3;
            let (offset, lsn) = append(&log, at(1, partition as i32), &value(n));
            assert_eq!(offset, expected[partition].len() as i64);
            expected[partition].push(value(n));
            last = lsn;
            if n % 40 == 0 {
                log.wait_durable(lsn).await.expect("it becomes durable");
            }
        }
        log.wait_durable(last).await.expect("it becomes durable");
        for (number, expected) in (0..).zip(&expected) {
            assert_eq!(&values(&log, at(1, number), 0), expected, "partition {number} before the end of start {start}");
        }
        // Without a shutdown the threads end too, and the next start replays; with it, it does not have to.
        if start == 1 {
            log.shutdown();
            assert!(count(&folder.path().join("journal")) <= 2, "only what can be used again is left");
        }
    }
    assert!(count(&folder.path().join("journal")) < 20, "journal files are used again or removed");
}

#[tokio::test]
async fn a_topic_made_again_has_nothing_of_the_one_before_and_its_files_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    create_topic(&log, 1, 1);
    for n in 0..200 {
        append(&log, at(1, 0), &value(n));
    }
    let (_, lsn) = log.sequence(|_, _| ((), Some(Record::TopicDeleted { id: topic(1) }))).expect("open");
    log.wait_durable(lsn).await.expect("durable");
    create_topic(&log, 2, 1);
    let (offset, lsn) = append(&log, at(2, 0), b"new");
    assert_eq!(offset, 0);
    log.wait_durable(lsn).await.expect("durable");
    assert_eq!(log.high_watermark(at(1, 0)), None);
    assert_eq!(values(&log, at(2, 0), 0), [b"new"]);
    log.shutdown();
    drop(log);
    let log = open(folder.path());
    assert_eq!(log.high_watermark(at(1, 0)), None);
    assert_eq!(values(&log, at(2, 0), 0), [b"new"]);
    assert_eq!(count(&folder.path().join("segments")), 1, "the deleted topic's folder is gone");
}

#[tokio::test]
async fn deleted_records_stay_deleted_and_their_segments_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    create_topic(&log, 1, 1);
    let place: TopicPartition = at(1, 0);
    let mut last = Lsn::NONE;
    for n in 0..400 {
        last = append(&log, place, &value(n)).1;
    }
    log.wait_durable(last).await.expect("durable");
    let segments = || {
        let folders = std::fs::read_dir(folder.path().join("segments")).expect("the folder");
        folders.map(|folder| count(&folder.expect("an entry").path())).sum::<usize>()
    };
    let (_, lsn) = log.sequence(|_, _| ((), Some(Record::LogStartMoved(vec![(place, 399)])))).expect("open");
    log.wait_durable(lsn).await.expect("durable");
    assert!(log.read(place, 398, 1000, true).is_err());
    assert_eq!(values(&log, place, 399), [value(399)]);
    create_topic(&log, 2, 1);
    let deadline = Instant::now() + Duration::from_secs(20);
    while segments() > 4 {
        assert!(Instant::now() < deadline, "{} segments are left", segments());
        let (_, lsn) = append(&log, at(2, 0), &value(1));
        log.wait_durable(lsn).await.expect("durable");
    }
    drop(log);
    let log = open(folder.path());
    assert!(log.read(place, 398, 1000, true).is_err());
    assert_eq!(values(&log, place, 399), [value(399)]);
    assert_eq!(log.view(|state, _| state.partition(place).map(|p| p.log_end())), Some(400));
}
