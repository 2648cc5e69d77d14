//! The running log, with its threads, on a disk that forgets what was not synced, fails to sync, and fills up.

mod support;

use fastrand::Rng;
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Faults, Lost, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Defect, Log, LogSettings, OpenError, Planted, ProduceRefused};
use onefold_broker_core::{Lsn, Record};
use std::io::IoSlice;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{append, at, create_topic, values};

fn settings() -> LogSettings {
    LogSettings {
        first_file_bytes: 32 << 10,
        journal_file_bytes: 64 << 10,
        pace: Pace::new(64 << 10, Duration::ZERO),
        checkpoint_bytes: 96 << 10,
        tail_flush_bytes: 8 << 10,
        sync_ahead_bytes: 4 << 10,
        segment_bytes: 16 << 10,
        reserve_bytes: 16 << 10,
        ..LogSettings::default()
    }
}

fn open(disk: &SimDisk) -> Result<Log, OpenError> {
    Log::open(Arc::new(disk.clone()), Path::new("/data"), settings())
}

/// Power cuts while producers run: each image holds everything that was answered before it, and nothing a reader had
/// seen before it is missing (D1, D2, D4).
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn d1_d2_what_was_answered_or_read_before_a_power_cut_is_there_after_it() {
    let disk = SimDisk::default();
    let log = open(&disk).expect("the log opens");
    create_topic(&log, 1, 4);
    let answered: Arc<Mutex<Vec<Vec<Vec<u8>>>>> = Arc::new(Mutex::new(vec![Vec::new(); 4]));
    let producers: Vec<_> = (0..4)
        .map(|partition| {
            let (log, answered) = (log.clone(), answered.clone());
            tokio::spawn(async move {
                for n in 0..400 {
                    let value = format!("{partition}-{n}-{}", "x".repeat(n % 300)).into_bytes();
                    let (_, lsn) = append(&log, at(1, partition), &value);
                    log.wait_durable(lsn).await.expect("durable");
                    answered.lock().expect("unpoisoned")[partition as usize].push(value);
                }
            })
        })
        .collect();
    let (mut rng, mut cuts) = (Rng::with_seed(7), 0);
    while cuts < 25 || !producers.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let before = answered.lock().expect("unpoisoned").clone();
        let read: Vec<i64> = (0..4).map(|p| log.high_watermark(at(1, p)).unwrap_or(0)).collect();
        let lost = [Lost::All, Lost::Any, Lost::Suffix, Lost::Memory][cuts % 4];
        let image = disk.world().crash(lost, &mut rng);
        let after = open(&SimDisk::of(image)).expect("a start after the power cut");
        for partition in 0..4 {
            let found = values(&after, at(1, partition), 0);
            let (answered, read) = (&before[partition as usize], read[partition as usize]);
            assert!(found.starts_with(answered), "cut {cuts} ({lost:?}), partition {partition}: answered and lost");
            assert!(found.len() as i64 >= read, "cut {cuts} ({lost:?}), partition {partition}: read and lost");
        }
        cuts += 1;
    }
}

/// A failed sync is the end: nothing is answered after it, and what a start finds then is what was really durable (D3).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_a_failed_sync_stops_the_log_for_good() {
    for nth in 0..12 {
        let disk = SimDisk::default();
        let log = open(&disk).expect("the log opens");
        create_topic(&log, 1, 1);
        let (_, lsn) = append(&log, at(1, 0), b"before");
        log.wait_durable(lsn).await.expect("durable");
        disk.set_faults(Faults { failed_sync_at: Some(disk.effects() + nth), ..Faults::default() });
        let mut answered = vec![b"before".to_vec()];
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            let value = format!("value {}", answered.len()).into_bytes();
            let sequenced = log.sequence(|_, _| ((), None));
            if sequenced.is_err() {
                break;
            }
            let (_, lsn) = append(&log, at(1, 0), &value);
            if log.wait_durable(lsn).await.is_err() {
                break;
            }
            answered.push(value);
            if answered.len() > 200 {
                break; // The sync that failed was one that only prepares a file, and was made up for.
            }
        }
        let stopped = log.stopped().borrow().clone();
        if stopped.is_some() {
            assert!(log.sequence(|_, _| ((), Some(Record::ProducerIdsReserved { next: 1 }))).is_err());
            assert!(log.wait_durable(Lsn(u64::MAX)).await.is_err());
        }
        let mut rng = Rng::with_seed(nth);
        let restarted = SimDisk::of(disk.world().crash(Lost::Nothing, &mut rng));
        drop(log);
        // First as after a kill, reading memory that never reached the disk; then after a power cut on top.
        drop(open(&restarted).expect("a start after the stop"));
        let cut = SimDisk::of(restarted.world().crash(Lost::All, &mut rng));
        let found = values(&open(&cut).expect("a start after the power cut"), at(1, 0), 0);
        assert!(found.starts_with(&answered), "sync {nth}: {} answered, {} found", answered.len(), found.len());
    }
}

/// A full disk refuses produce requests before the journal is full, keeps what it has answered, and goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_resumes() {
    let disk = SimDisk::default();
    let log = open(&disk).expect("the log opens");
    create_topic(&log, 1, 1);
    disk.set_faults(Faults { capacity: Some(600 << 10), ..Faults::default() });
    let mut answered = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    let refused = loop {
        assert!(Instant::now() < deadline, "it is never refused");
        let value = vec![b'v'; 3000 + answered.len()];
        if let Err(refused) = log.room(value.len()).await {
            break refused;
        }
        let (_, lsn) = append(&log, at(1, 0), &value);
        let durable = tokio::time::timeout(Duration::from_secs(20), log.wait_durable(lsn)).await;
        durable.expect("what got room is not kept waiting").expect("what got room becomes durable");
        answered.push(value);
    };
    assert!(matches!(refused, ProduceRefused::NoSpace), "{refused}");
    assert!(values(&log, at(1, 0), 0) == answered, "what was answered can be read");
    // Small records that free space still go through.
    let (_, lsn) = log.sequence(|_, _| ((), Some(Record::LogStartMoved(vec![(at(1, 0), 1)])))).expect("not stopped");
    log.wait_durable(lsn).await.expect("durable");

    disk.set_faults(Faults::default());
    while log.room(1000).await.is_err() {
        assert!(Instant::now() < deadline, "it never resumes");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (_, lsn) = append(&log, at(1, 0), b"resumed");
    log.wait_durable(lsn).await.expect("durable");
    drop(log);
    answered.push(b"resumed".to_vec());
    let log = open(&disk).expect("a start");
    assert!(values(&log, at(1, 0), 1) == answered[1..], "everything is there after a start");
}

/// Damage below what was durable refuses to start and says what to do; a torn tail above it does not (D4).
#[tokio::test]
async fn d4_damage_is_told_from_a_torn_tail() {
    let disk = SimDisk::default();
    let log = open(&disk).expect("the log opens");
    // One block each: the header, the start, the topic, three values.
    log.wait_durable(create_topic(&log, 1, 1)).await.expect("durable");
    for n in 0..3 {
        let (_, lsn) = append(&log, at(1, 0), format!("value {n}").as_bytes());
        log.wait_durable(lsn).await.expect("durable");
    }
    let world = disk.world();
    drop(log);
    let journal = Path::new("/data/journal/0000000000000001.journal");
    for (block, is_damage) in [(0, true), (1, true), (2, true), (3, true), (4, true), (5, false)] {
        let disk = SimDisk::of(world.clone());
        let file = disk.open(journal).expect("the first file");
        file.write_at(&[IoSlice::new(&[0xEE; 16])], 4096 * block + 24).expect("a write");
        match open(&disk) {
            Ok(log) => {
                assert!(!is_damage, "block {block} was damaged, and nobody noticed");
                assert_eq!(values(&log, at(1, 0), 0).len(), 2, "the torn tail is gone, no more");
            }
            Err(refused) => {
                // The search for frames that know better is what tells them apart: without it nobody notices.
                let defect = Defect::plant(Planted::DamageTakenForTornTail);
                let blind = Log::open(Arc::new(disk), Path::new("/data"), LogSettings { defect, ..settings() });
                assert!(block == 0 || blind.is_ok(), "block {block}: the planted defect changes nothing");
                assert!(is_damage, "block {block} was the torn tail: {refused}");
                let text = refused.to_string();
                assert!(text.contains("damaged") && text.contains("restore the folder from a copy"), "{text}");
            }
        }
    }
}
