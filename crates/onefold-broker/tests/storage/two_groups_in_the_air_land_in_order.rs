//! Two large groups are on their way to the disk at once, by two threads. Whichever the disk takes first: nobody is answered
//! and no reader sees anything out of turn, a crash in between leaves what was answered and no hole, a failure of either
//! ends the log, a full disk has both begun again, and a shutdown waits for both.

use crate::support::{append, at, batch, create_topic, topic, values};
use crate::watched::{Event, PATIENCE, Verdict, Watched};
use fastrand::Rng;
use onefold_broker::disk::sim::{Lost, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::{Defect, Log, LogSettings, LogStopped, Planted};
use onefold_broker_core::{Append, Lsn, Record};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So large that another group begins beside one of it.
const LARGE: usize = 600 << 10;
/// What must not happen has so long to happen.
const A_WHILE: Duration = Duration::from_millis(100);

fn open(disk: impl onefold_broker::disk::Disk, defect: Defect) -> Log {
    let settings = LogSettings {
        first_file_bytes: 8 << 20,
        journal_file_bytes: 8 << 20,
        pace: Pace::new(1 << 20, Duration::ZERO),
        defect,
        ..LogSettings::default()
    };
    Log::open(Arc::new(disk), Path::new("/data"), settings).expect("the log opens")
}

/// A log of one durable record, and two large groups in the air that the disk holds back.
struct Air {
    watched: Watched,
    log: Log,
    first: Lsn,
    second: Lsn,
    /// Where in the journal the two go.
    places: [u64; 2],
}

impl Air {
    fn new(defect: Defect) -> Air {
        let watched = Watched::on(SimDisk::default());
        let log = open(watched.clone(), defect);
        create_topic(&log, 1, 1);
        let before = append(&log, at(1, 0), b"before").1;
        wait(&log, before).expect("durable");
        watched.rule(|event| if event.is_group() { Verdict::Hold } else { Verdict::Pass });
        let first = append(&log, at(1, 0), &value(1)).1;
        watched.held(1);
        let second = append(&log, at(1, 0), &value(2)).1;
        let held = watched.held(2);
        let places = [held[0].at, held[1].at];
        assert!(held.iter().all(|event| event.bytes > LARGE as u64), "both are large: {held:?}");
        assert!(places[0] < places[1] && held[0].thread != held[1].thread, "each has its place and its thread");
        Air { watched, log, first, second, places }
    }

    /// What becomes of the two writes; whatever else is written passes.
    fn rule(&self, first: Verdict, second: Verdict) {
        let places = self.places;
        self.watched.rule(move |event| match event.is_group() {
            true if event.at == places[0] => first,
            true if event.at == places[1] => second,
            _ => Verdict::Pass,
        });
    }

    /// The later group is on the disk, the earlier one is not.
    fn second_is_written(&self) {
        self.rule(Verdict::Hold, Verdict::Pass);
        let place = self.places[1];
        self.watched.until_done(|event: &Event| event.is_group() && event.at == place);
    }

    fn is_answered(&self, lsn: Lsn) -> bool {
        self.log.durable_lsn() >= lsn
    }

    fn nothing_is_told(&self) {
        let begin = Instant::now();
        while begin.elapsed() < A_WHILE {
            assert!(!self.is_answered(self.first), "a group is answered that is not on the disk");
            assert_eq!(self.log.high_watermark(at(1, 0)), Some(1), "no reader sees any of it");
            std::thread::yield_now();
        }
        assert_eq!(values(&self.log, at(1, 0), 0), [b"before"]);
    }

    /// What a start finds on the disk as it is now, after a kill and after each kind of power cut.
    fn each_start(&self, check: impl Fn(Vec<Vec<u8>>, Lost)) {
        for lost in [Lost::Nothing, Lost::Memory, Lost::All, Lost::Suffix, Lost::Any] {
            let image = self.watched.disk.world().crash(lost, &mut Rng::with_seed(1));
            let log = open(SimDisk::of(image), Defect::default());
            check(values(&log, at(1, 0), 0), lost);
        }
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        // However the test ends: the log cannot be shut down while its disk is held.
        self.watched.rule(|_| Verdict::Pass);
    }
}

fn value(n: u8) -> Vec<u8> {
    vec![n; LARGE]
}

fn wait(log: &Log, lsn: Lsn) -> Result<(), LogStopped> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, log.wait_durable(lsn)).await.expect("an answer") })
}

fn all() -> Vec<Vec<u8>> {
    vec![b"before".to_vec(), value(1), value(2)]
}

#[test]
fn the_later_one_waits_for_the_earlier_though_it_is_on_the_disk() {
    let air = Air::new(Defect::default());
    air.second_is_written();
    air.nothing_is_told();
    // A crash now leaves a hole where the first should be: what is behind it is no record.
    air.each_start(|found, lost| assert_eq!(found, [b"before"], "{lost:?}"));
    air.rule(Verdict::Pass, Verdict::Pass);
    wait(&air.log, air.second).expect("both are durable");
    assert!(values(&air.log, at(1, 0), 0) == all());
    air.each_start(|found, lost| assert!(found == all(), "{lost:?}"));
}

#[test]
fn the_earlier_one_is_answered_while_the_later_is_on_its_way() {
    let air = Air::new(Defect::default());
    air.rule(Verdict::Pass, Verdict::Hold);
    wait(&air.log, air.first).expect("it is durable");
    assert_eq!(air.log.high_watermark(at(1, 0)), Some(2));
    assert!(!air.is_answered(air.second));
    air.rule(Verdict::Pass, Verdict::Pass);
    wait(&air.log, air.second).expect("it is durable");
}

#[test]
fn no_third_one_begins_while_two_are_in_the_air() {
    let air = Air::new(Defect::default());
    let third = append(&air.log, at(1, 0), &value(3)).1;
    let begin = Instant::now();
    while begin.elapsed() < A_WHILE {
        assert_eq!(air.watched.events().iter().filter(|event| event.is_group() && event.bytes > 4096 * 100).count(), 2);
        std::thread::yield_now();
    }
    air.rule(Verdict::Pass, Verdict::Pass);
    wait(&air.log, third).expect("it goes after them");
    assert_eq!(air.log.high_watermark(at(1, 0)), Some(4));
}

/// The tests above can fail: with this defect the later group is answered first.
#[test]
fn a_log_that_lands_out_of_turn_is_noticed() {
    let air = Air::new(Defect::plant(Planted::LandsOutOfTurn));
    air.second_is_written();
    wait(&air.log, air.second).expect("the planted defect answers it");
    assert!(air.is_answered(air.first), "which answers the first with it, though it is nowhere");
    let image = air.watched.disk.world().crash(Lost::Nothing, &mut Rng::with_seed(1));
    let log = open(SimDisk::of(image), Defect::default());
    assert_eq!(values(&log, at(1, 0), 0), [b"before"], "answered and lost");
}

#[test]
fn d3_a_failure_of_the_earlier_one_answers_neither() {
    let air = Air::new(Defect::default());
    air.second_is_written();
    air.rule(Verdict::Fail(ErrorKind::Other), Verdict::Pass);
    assert!(wait(&air.log, air.first).is_err() && wait(&air.log, air.second).is_err());
    assert!(air.log.stopped().borrow().is_some() && !air.is_answered(air.first));
    air.each_start(|found, lost| assert_eq!(found, [b"before"], "{lost:?}"));
}

#[test]
fn d3_a_failure_of_the_later_one_ends_the_log_before_the_earlier_is_back() {
    let air = Air::new(Defect::default());
    air.rule(Verdict::Hold, Verdict::Fail(ErrorKind::Other));
    assert!(wait(&air.log, air.first).is_err() && wait(&air.log, air.second).is_err());
    // The earlier one reaches the disk after all; its producer has been told that nobody knows.
    let place = air.places[0];
    air.rule(Verdict::Pass, Verdict::Pass);
    air.watched.until_done(|event| event.is_group() && event.at == place);
    let begin = Instant::now();
    while begin.elapsed() < A_WHILE {
        assert!(!air.is_answered(air.first), "a stopped log answers nobody");
        std::thread::yield_now();
    }
    air.each_start(|found, lost| assert!(found == all()[..2] || found == all()[..1], "{lost:?}: {}", found.len()));
}

#[test]
fn a_full_disk_has_both_begun_again_in_their_order() {
    let air = Air::new(Defect::default());
    air.second_is_written();
    let place = air.places[0];
    air.rule(Verdict::Fail(ErrorKind::StorageFull), Verdict::Pass);
    air.watched.until_done(|event| event.is_group() && event.at == place);
    air.nothing_is_told_to_the_second();
    air.rule(Verdict::Pass, Verdict::Pass);
    wait(&air.log, air.second).expect("there is space again");
    assert!(values(&air.log, at(1, 0), 0) == all(), "each once, in order");
    air.each_start(|found, lost| assert!(found == all(), "{lost:?}"));
}

impl Air {
    /// While there is no space for the first one.
    fn nothing_is_told_to_the_second(&self) {
        let begin = Instant::now();
        while begin.elapsed() < A_WHILE {
            assert!(!self.is_answered(self.first), "there was no space for it");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_shutdown_waits_for_both_and_loses_neither() {
    for later_first in [true, false] {
        let air = Air::new(Defect::default());
        let log = air.log.clone();
        let closing = std::thread::spawn(move || log.shutdown());
        if later_first {
            air.second_is_written();
        } else {
            air.rule(Verdict::Pass, Verdict::Hold);
            let place = air.places[0];
            air.watched.until_done(|event| event.is_group() && event.at == place);
        }
        let begin = Instant::now();
        while begin.elapsed() < A_WHILE {
            assert!(!closing.is_finished(), "it ends while a group is on its way");
            std::thread::yield_now();
        }
        air.rule(Verdict::Pass, Verdict::Pass);
        closing.join().expect("no panic");
        assert!(air.is_answered(air.second), "both were answered");
        air.each_start(|found, lost| assert!(found == all(), "{lost:?}"));
    }
}

/// Groups of many producers at once: whatever the two threads do with them, the journal holds all of it in one order.
#[test]
fn many_large_groups_of_both_threads_are_one_order() {
    let watched = Watched::on(SimDisk::default());
    let log = open(watched.clone(), Defect::default());
    create_topic(&log, 1, 4);
    let producers: Vec<_> = (0..4)
        .map(|partition| {
            let log = log.clone();
            std::thread::spawn(move || {
                for n in 0..20u8 {
                    let mut bytes = batch(None, 1, 1, &vec![n; 300 << 10]);
                    let (_, lsn) = log
                        .sequence(|state, _| {
                            let base_offset = state.partition(at(1, partition)).expect("it is there").log_end();
                            onefold_broker_core::batch::patch(&mut bytes, base_offset, state.leader_epoch());
                            let append = Append { at: at(1, partition), base_offset, batch: bytes.into() };
                            ((), Some(Record::Appended(vec![append])))
                        })
                        .expect("the log is open");
                    if n % 4 == 3 {
                        wait(&log, lsn).expect("durable");
                    }
                }
            })
        })
        .collect();
    producers.into_iter().for_each(|producer| producer.join().expect("no panic"));
    let (_, last) = log.sequence(|_, _| ((), Some(Record::ProducerIdsReserved { next: 1 }))).expect("open");
    wait(&log, last).expect("durable");
    let image = watched.disk.world().crash(Lost::All, &mut Rng::with_seed(1));
    let after = open(SimDisk::of(image), Defect::default());
    for partition in 0..4 {
        let expected: Vec<Vec<u8>> = (0..20u8).map(|n| vec![n; 300 << 10]).collect();
        assert!(values(&after, at(1, partition), 0) == expected, "partition {partition}");
    }
    assert!(after.view(|state, _| state.topic_by_id(topic(1)).is_some()));
}
