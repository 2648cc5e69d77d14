//! A member that a test steps through its events.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onefold::Record;
use onefold::log::{Log, LogEvent};

use super::Bench;

pub struct Member {
    pub log: Box<dyn Log>,
    pub records: Vec<Record>,
    pub events: Vec<LogEvent>,
    /// Assigned, and not released since.
    pub holds: BTreeSet<i32>,
    woken: Receiver<()>,
}

/// Longer than any test should take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

impl Member {
    pub fn join(bench: &dyn Bench, group: &str, topic: &str) -> Member {
        let mut log = bench.join(group, topic);
        let (wake, woken) = channel();
        let wake = Mutex::new(wake);
        // A member that is gone needs no waking.
        log.set_waker(Arc::new(move || {
            let _ = wake.lock().unwrap().send(());
        }));
        Member { log, records: Vec::new(), events: Vec::new(), holds: BTreeSet::new(), woken }
    }

    /// One that has all partitions of a topic that nobody else reads, not started.
    pub fn alone(bench: &dyn Bench, group: &str, topic: &str, partitions: usize) -> Member {
        let mut member = Member::join(bench, group, topic);
        member.until("all partitions are assigned", |member| member.holds.len() == partitions);
        member
    }

    /// Polls once; whether anything came.
    pub fn step(&mut self) -> bool {
        let before = self.records.len();
        let event = self.log.poll(&mut self.records, 100).unwrap();
        assert!(self.records.len() - before <= 101, "more than was asked for");
        if let Some(LogEvent::Assigned(partitions)) = &event {
            self.holds.extend(partitions);
        }
        let came = event.is_some() || self.records.len() > before;
        self.events.extend(event);
        came
    }

    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Member) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "never came to it that {what}: {:?}", self.events);
            if !self.step() {
                // Woken by the log; librdkafka keeps some things to itself until it is asked.
                let _ = self.woken.recv_timeout(Duration::from_millis(20));
            }
        }
    }

    /// All partitions from this offset.
    pub fn start_all(&mut self, offset: i64) {
        let at: Vec<(i32, i64)> = self.holds.iter().map(|partition| (*partition, offset)).collect();
        self.log.start(&at).unwrap();
    }

    pub fn until_records(&mut self, count: usize) {
        self.until("so many records came", |member| member.records.len() >= count);
        assert_eq!(self.records.len(), count);
    }

    /// Gives up what it was asked to give up.
    pub fn release_revoked(&mut self) {
        for event in std::mem::take(&mut self.events) {
            if let LogEvent::Revoked(partitions) | LogEvent::Lost(partitions) = event {
                self.log.release(&partitions).unwrap();
                self.holds.retain(|held| !partitions.contains(held));
            }
        }
    }

    /// The offsets that came of a partition, as they came.
    pub fn offsets(&self, partition: i32) -> Vec<i64> {
        self.records.iter().filter(|record| record.partition == partition).map(|record| record.offset).collect()
    }
}
