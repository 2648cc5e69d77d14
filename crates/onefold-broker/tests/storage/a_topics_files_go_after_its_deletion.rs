//! Deleting a topic is a journal record. Its files go when that is durable and not before: a crash in between would find the
//! topic, and nothing in it. And what a crash leaves of them is removed by the next start, which knows them by the topic's id.

use crate::support::{append, at, create_topic, topic, values};
use crate::watched::{Event, Kind, Verdict, Watched};
use fastrand::Rng;
use onefold_broker::disk::Disk;
use onefold_broker::disk::sim::{Lost, SimDisk};
use onefold_broker::log::{Engine, Follows, Log, LogSettings};
use onefold_broker_core::Record;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

const SEGMENTS: &str = "/data/segments";

fn open(disk: impl Disk) -> Log {
    Log::open(Arc::new(disk), Path::new("/data"), LogSettings::default()).expect("the log opens")
}

/// A disk with the topic's three records in a segment.
async fn with_segments() -> SimDisk {
    let disk = SimDisk::default();
    let log = open(disk.clone());
    create_topic(&log, 1, 1);
    for _ in 0..3 {
        let (_, lsn) = append(&log, at(1, 0), b"value");
        log.wait_durable(lsn).await.expect("durable");
    }
    log.shutdown();
    assert_eq!(disk.list(Path::new(SEGMENTS)).expect("the folder").len(), 1);
    disk
}

fn removes(event: &Event) -> bool {
    event.kind == Kind::Remove && event.is_in(SEGMENTS)
}

#[tokio::test]
async fn and_not_before_it_is_durable() {
    let watched = Watched::on(with_segments().await);
    let engine = Engine::open(Arc::new(watched.clone()), Path::new("/data"), LogSettings::default()).expect("it opens");
    engine.sequence(|_, _| ((), Some(Record::TopicDeleted { id: topic(1) }))).expect("the log is open");
    engine.flush().expect("flushed");
    engine.trim().expect("trimmed");
    assert!(!watched.events().iter().any(removes), "it is not durable yet");
    let image = SimDisk::of(watched.disk.world().crash(Lost::Nothing, &mut Rng::with_seed(1)));
    assert_eq!(values(&open(image), at(1, 0), 0).len(), 3, "so after a crash the topic is whole");

    engine.sync().expect("durable");
    engine.trim().expect("trimmed");
    assert_eq!(watched.events().iter().filter(|event| removes(event)).count(), 2, "the segment and the folder");
    engine.checkpoint(engine.snapshot(), Follows::Nothing).expect("a checkpoint");
    assert_eq!(watched.list(Path::new(SEGMENTS)).expect("the folder"), Vec::<String>::new());
}

#[tokio::test]
async fn by_the_next_start_if_a_crash_comes_between() {
    let watched = Watched::on(with_segments().await);
    let log = open(watched.clone());
    watched.rule(|event| if removes(event) { Verdict::Fail(ErrorKind::Other) } else { Verdict::Pass });
    let (_, lsn) = log.sequence(|_, _| ((), Some(Record::TopicDeleted { id: topic(1) }))).expect("open");
    log.wait_durable(lsn).await.expect("durable");
    create_topic(&log, 2, 1);
    let (offset, lsn) = append(&log, at(2, 0), b"another topic's");
    log.wait_durable(lsn).await.expect("durable");
    let image = SimDisk::of(watched.disk.world().crash(Lost::All, &mut Rng::with_seed(1)));
    drop(log);

    assert_eq!(image.list(Path::new(SEGMENTS)).expect("the folder").len(), 1, "the old one's are still there");
    let log = open(image.clone());
    assert_eq!(offset, 0);
    assert_eq!(values(&log, at(2, 0), 0), [b"another topic's"]);
    assert_eq!(log.high_watermark(at(1, 0)), None);
    assert_eq!(image.list(Path::new(SEGMENTS)).expect("the folder"), Vec::<String>::new());
}
