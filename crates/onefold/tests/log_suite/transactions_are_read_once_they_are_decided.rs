//! Records of transactions come when they are committed, never when they are aborted; and what the log keeps about
//! transactions, which has offsets too, keeps no end from being told and no position from moving on.

use std::collections::BTreeMap;
use std::time::Duration;

use onefold::log::LogEvent;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::in_kafka::InKafka;
use super::member::Member;
use super::{ASK, Bench};

const PARTITIONS: i32 = 2;

/// Numbered records of transactions, and what is to be read of them.
struct Sent {
    producer: BaseProducer,
    topic: String,
    last: u32,
    /// Of each partition: every transaction leaves a mark behind its records.
    end: i64,
    committed: BTreeMap<i32, Vec<String>>,
}

impl Sent {
    fn begin(bench: &InKafka) -> Sent {
        let topic = bench.named("t");
        let producer: BaseProducer = bench.client().set("transactional.id", &topic).create().unwrap();
        producer.init_transactions(Duration::from_secs(30)).unwrap();
        Sent { producer, topic, last: 0, end: 0, committed: BTreeMap::new() }
    }

    fn transaction(&mut self, records: u32, commits: bool) {
        self.producer.begin_transaction().unwrap();
        for partition in 0..PARTITIONS {
            for _ in 0..records {
                self.last += 1;
                let value = self.last.to_string();
                let record: BaseRecord<'_, str, str> = BaseRecord::to(&self.topic).partition(partition).payload(&value);
                self.producer.send(record).unwrap();
                if commits {
                    self.committed.entry(partition).or_default().push(value);
                }
            }
        }
        self.end += i64::from(records) + 1;
        self.producer.flush(ASK).unwrap();
        match commits {
            true => self.producer.commit_transaction(ASK).unwrap(),
            false => self.producer.abort_transaction(ASK).unwrap(),
        }
    }
}

/// Until the ends were told, marks included, and all that was committed came, each once and in order.
fn until_read(members: &mut [&mut Member], sent: &Sent, read: &mut BTreeMap<i32, Vec<String>>) {
    let (mut told, began) = (BTreeMap::new(), std::time::Instant::now());
    while (0..PARTITIONS).any(|partition| told.get(&partition) != Some(&sent.end)) || *read != sent.committed {
        assert!(began.elapsed().as_secs() < 60, "told {told:?} of {}; read {read:?}", sent.end);
        for member in &mut *members {
            member.step();
            for record in member.records.drain(..) {
                let value = String::from_utf8(record.payload().to_vec()).unwrap();
                read.entry(record.partition).or_default().push(value);
            }
            for (partition, all) in &*read {
                assert!(sent.committed[partition].starts_with(all), "partition {partition}: {all:?}");
            }
            let is_end = |event: &LogEvent| matches!(event, LogEvent::End { .. });
            for event in member.events.extract_if(.., |event| is_end(event)) {
                let LogEvent::End { partition, offset } = event else { continue };
                told.insert(partition, offset);
            }
        }
        std::thread::yield_now();
    }
}

pub fn through_pauses_and_rebalances(bench: &InKafka) {
    bench.create_topic("t", PARTITIONS);
    let (mut sent, mut read) = (Sent::begin(bench), BTreeMap::new());
    sent.transaction(10, true);
    let mut first = Member::alone(bench, "g", "t", PARTITIONS as usize);
    first.events.clear();
    first.start_all(0);
    until_read(&mut [&mut first], &sent, &mut read);
    for commits in [false, true, false, false, true] {
        sent.transaction(5, commits);
        (0..PARTITIONS).for_each(|partition| first.log.pause(partition).unwrap());
        sent.transaction(3, commits);
        (0..PARTITIONS).for_each(|partition| first.log.resume(partition).unwrap());
        until_read(&mut [&mut first], &sent, &mut read);
        // Paused where nothing but the mark of a transaction was last.
        (0..PARTITIONS).for_each(|partition| first.log.pause(partition).unwrap());
        (0..PARTITIONS).for_each(|partition| first.log.resume(partition).unwrap());
    }
    // Another member takes one partition; the other one stays, at an end that is no record.
    sent.transaction(4, false);
    until_read(&mut [&mut first], &sent, &mut read);
    let mut second = Member::join(bench, "g", "t");
    let began = std::time::Instant::now();
    while second.holds.is_empty() {
        assert!(began.elapsed().as_secs() < 60, "never shared");
        first.step();
        second.step();
        first.release_revoked();
        std::thread::yield_now();
    }
    second.events.clear();
    sent.transaction(6, true);
    // Six records and the mark behind them.
    second.start_all(sent.end - 7);
    until_read(&mut [&mut first, &mut second], &sent, &mut read);
    assert_eq!(read[&0].len(), 10 + 2 * 8 + 6);
}
