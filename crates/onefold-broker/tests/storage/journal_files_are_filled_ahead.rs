//! A sync of blocks that the file system has allocated and written is cheaper than one of a growing file. So each journal
//! file is filled with zeros, to its end and durably, before the first record goes into it: the one that a start begins with
//! is small, the others are filled by a thread of their own, and no group makes a file grow while one is ready.

use crate::support::{append, at, create_topic};
use crate::watched::{Event, Kind, PATIENCE, Watched};
use onefold_broker::disk::sim::SimDisk;
use onefold_broker::journal::Pace;
use onefold_broker::log::{Log, LogSettings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const FIRST: u64 = 64 << 10;
const OTHERS: u64 = 256 << 10;

async fn events_of_a_long_log() -> Vec<Event> {
    let watched = Watched::on(SimDisk::default());
    let settings = LogSettings {
        first_file_bytes: FIRST,
        journal_file_bytes: OTHERS,
        pace: Pace::new(16 << 10, Duration::ZERO),
        ..LogSettings::default()
    };
    let log = Log::open(Arc::new(watched.clone()), Path::new("/data"), settings).expect("the log opens");
    create_topic(&log, 1, 1);
    for _ in 0..600 {
        let value = [7; 1500];
        let room = tokio::time::timeout(PATIENCE, log.room(value.len())).await.expect("in time");
        let _room = room.expect("there is room");
        let (_, lsn) = append(&log, at(1, 0), &value);
        log.wait_durable(lsn).await.expect("durable");
    }
    watched.events().into_iter().filter(|event| event.is_in("/data/journal")).collect()
}

fn by_file(events: &[Event]) -> BTreeMap<&PathBuf, Vec<&Event>> {
    let mut files: BTreeMap<&PathBuf, Vec<&Event>> = BTreeMap::new();
    for event in events {
        files.entry(&event.path).or_default().push(event);
    }
    files.retain(|_, events| events.iter().any(|event| event.is_group()));
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_zeros_before_the_first_record() {
    let events = events_of_a_long_log().await;
    let files = by_file(&events);
    assert!(files.len() > 3, "{} files", files.len());
    for (number, (path, events)) in files.into_iter().enumerate() {
        let first_group = events.iter().position(|event| !event.zeros && event.writes()).expect("a group");
        let filling = &events[..first_group];
        let filled: u64 = filling.iter().filter(|event| event.zeros).map(|event| event.bytes).sum();
        assert_eq!(filled, if number == 0 { FIRST } else { OTHERS }, "{}", path.display());
        let is_synced = filling.iter().rposition(|event| matches!(event.kind, Kind::Sync | Kind::WriteSync));
        let is_written = filling.iter().rposition(|event| event.zeros);
        assert!(is_synced >= is_written && is_written.is_some(), "{}: filled, and durable so", path.display());
        if number > 0 {
            assert!(filling.iter().all(|event| event.thread == "onefold-files"), "in the background");
        }
        for group in events.iter().filter(|event| event.is_group()) {
            assert!(group.at + group.bytes <= group.length_before, "a group makes its file grow: {group:?}");
        }
    }
}
