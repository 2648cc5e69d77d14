//! Memory is full of batches that cannot be moved to segments, because the disk is full: whoever asks for room is refused,
//! since what it would wait for may never happen.

mod support;

use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Faults, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Log, LogSettings, ProduceRefused};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::{append, at, create_topic, values};

/// Far longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The journal has room for much more than memory may hold.
fn settings() -> LogSettings {
    LogSettings {
        first_file_bytes: 1 << 20,
        journal_file_bytes: 1 << 20,
        pace: Pace::new(64 << 10, Duration::ZERO),
        tail_flush_bytes: 8 << 10,
        tail_limit_bytes: 64 << 10,
        reserve_bytes: 16 << 10,
        ..LogSettings::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_leave_memory_is_refused_not_waited_for() {
    let disk = SimDisk::default();
    let log = Log::open(Arc::new(disk.clone()), Path::new("/data"), settings()).expect("the log opens");
    log.wait_durable(create_topic(&log, 1, 1)).await.expect("durable");
    disk.set_faults(Faults { capacity: Some(disk.world().size()), ..Faults::default() });
    let mut answered = Vec::new();
    let refused = loop {
        // A journal file that was being prepared gives its space to segments; beyond that and memory there is none.
        assert!(answered.len() < 2000, "more is let in than memory and disk may hold");
        let value = vec![b'v'; 3000 + answered.len()];
        let room = tokio::time::timeout(PATIENCE, log.room(value.len())).await.expect("an answer, whichever");
        if let Err(refused) = room {
            break refused;
        }
        let (_, lsn) = append(&log, at(1, 0), &value);
        log.wait_durable(lsn).await.expect("durable: the journal has room");
        answered.push(value);
    };
    assert!(matches!(refused, ProduceRefused::NoSpace), "{refused}");
    assert!(log.refuses_for_space());
    assert!(values(&log, at(1, 0), 0) == answered, "what was answered can be read");

    disk.set_faults(Faults::default());
    let resumes = async {
        while log.room(3000).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, resumes).await.expect("it takes records again by itself");
}

/// Journal files that a checkpoint has freed are kept for later. On a full disk they are the space that is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journal_files_kept_for_later_give_their_space() {
    let disk = SimDisk::default();
    let settings = LogSettings {
        first_file_bytes: 256 << 10,
        journal_file_bytes: 256 << 10,
        checkpoint_bytes: 1 << 20,
        ..settings()
    };
    let log = Log::open(Arc::new(disk.clone()), Path::new("/data"), settings).expect("the log opens");
    log.wait_durable(create_topic(&log, 1, 1)).await.expect("durable");
    let produce = async || {
        let value = vec![b'v'; 8000];
        let let_in = async {
            while log.room(value.len()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, let_in).await.expect("it goes on by itself");
        let (_, lsn) = append(&log, at(1, 0), &value);
        log.wait_durable(lsn).await.expect("durable");
    };
    let checkpoint = || {
        let file = disk.open(Path::new("/data/checkpoint")).ok()?;
        file.read_at(0, usize::try_from(file.length().ok()?).ok()?).ok()
    };
    // Up to a moment just after a checkpoint, which has freed four files.
    for _ in 0..2 {
        let before = checkpoint();
        while checkpoint() == before {
            produce().await;
        }
    }
    disk.set_faults(Faults { capacity: Some(disk.world().size()), ..Faults::default() });
    // More than memory may hold: it has to go to segments, for which there is room only where journal files were.
    for _ in 0..(128 << 10) / 8000 {
        produce().await;
    }
}

/// Two who ask at once, and then both write, must not have been promised the same room: the second would find the journal
/// full, and wait for space that nobody frees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_that_is_promised_is_not_promised_again() {
    let disk = SimDisk::default();
    // The file that the log begins with, and no other one.
    disk.set_faults(Faults { capacity: Some((1 << 20) + (64 << 10)), ..Faults::default() });
    let settings = LogSettings { tail_limit_bytes: 64 << 20, ..settings() };
    let log = Log::open(Arc::new(disk.clone()), Path::new("/data"), settings).expect("the log opens");
    let is_full = async {
        while log.room(1 << 20).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_full).await.expect("no other file can be prepared");
    let (mut fits, mut beyond) = (0, 1 << 20);
    while beyond - fits > 1 {
        let middle = (fits + beyond) / 2;
        if log.room(middle).await.is_ok() { fits = middle } else { beyond = middle }
    }
    assert!(fits > 100 << 10, "{fits} bytes have room");
    let promise = log.room(fits / 2 + 1).await.expect("room");
    let again = log.room(fits / 2 + 1).await;
    assert!(matches!(again, Err(ProduceRefused::NoSpace)), "the same room twice");
    drop(again);
    drop(promise);
    drop(log.room(fits / 2 + 1).await.expect("what is not used is free again"));
    assert!(log.room(fits).await.is_ok(), "all of it");
}
