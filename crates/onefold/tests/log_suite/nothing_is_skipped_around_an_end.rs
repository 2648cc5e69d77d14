//! The end of a partition is no record. However it meets pauses, rebalances and new starts, every record comes once in
//! each stay, in order, and an end is told only after all below it.

use std::collections::BTreeMap;

use onefold::log::LogEvent;

use super::member::Member;
use super::{ASK, Bench, numbered};

/// Where a group stands, whoever reads for it: what every record that comes is held against.
#[derive(Default)]
struct Group {
    next: BTreeMap<i32, i64>,
    ends: BTreeMap<i32, i64>,
}

impl Group {
    /// Polls once, answers what is asked, and checks what came.
    fn step(&mut self, member: &mut Member) {
        member.step();
        self.check(member);
    }

    fn check(&mut self, member: &mut Member) {
        for record in member.records.drain(..) {
            let next = self.next.entry(record.partition).or_default();
            assert_eq!(record.offset, *next, "partition {}", record.partition);
            *next += 1;
        }
        for event in std::mem::take(&mut member.events) {
            match event {
                LogEvent::Assigned(partitions) => {
                    let at = |partition: &i32| (*partition, self.next.get(partition).copied().unwrap_or(0));
                    member.log.start(&partitions.iter().map(at).collect::<Vec<_>>()).unwrap();
                }
                LogEvent::Revoked(partitions) => {
                    member.log.release(&partitions).unwrap();
                    member.holds.retain(|held| !partitions.contains(held));
                }
                LogEvent::End { partition, offset } => {
                    // More may have come since the log saw it.
                    assert!(self.next.get(&partition).copied().unwrap_or(0) >= offset, "partition {partition}");
                    self.ends.insert(partition, offset);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Until these members have read the topic to its end, and were told so.
    fn until_all_read(&mut self, members: &mut [&mut Member], partitions: i32) {
        let began = std::time::Instant::now();
        let ends: Vec<i64> = (0..partitions).map(|p| members[0].log.bounds(p, ASK).unwrap().end).collect();
        let is_told = |group: &Group| (0..partitions).all(|p| group.ends.get(&p) == Some(&ends[p as usize]));
        while !is_told(self) {
            assert!(began.elapsed().as_secs() < 60, "read to {:?}, of which told {:?}; {ends:?}", self.next, self.ends);
            members.iter_mut().for_each(|member| self.step(member));
            std::thread::yield_now();
        }
    }

    fn until_shared(&mut self, members: &mut [&mut Member], partitions: usize) {
        let began = std::time::Instant::now();
        while members.iter().map(|member| member.holds.len()).sum::<usize>() < partitions
            || members.iter().any(|member| member.holds.is_empty())
        {
            assert!(began.elapsed().as_secs() < 60, "never shared");
            members.iter_mut().for_each(|member| self.step(member));
            std::thread::yield_now();
        }
    }
}

/// Those that a member keeps through a rebalance go on at their ends, also where nothing comes meanwhile.
pub fn members_come_and_go_at_the_end(bench: &dyn Bench) {
    bench.create_topic("t", 4);
    let (mut group, mut first) = (Group::default(), Member::join(bench, "g", "t"));
    for turn in 0..3 {
        bench.publish(numbered("t", 30 + turn));
        group.until_all_read(&mut [&mut first], 4);
        let mut second = Member::join(bench, "g", "t");
        group.until_shared(&mut [&mut first, &mut second], 4);
        if turn > 0 {
            bench.publish(numbered("t", 30));
        }
        group.until_all_read(&mut [&mut first, &mut second], 4);
        second.log.leave();
        let began = std::time::Instant::now();
        while first.holds.len() < 4 {
            assert!(began.elapsed().as_secs() < 60, "never got them back");
            group.step(&mut first);
            group.step(&mut second);
        }
    }
    bench.publish(numbered("t", 30));
    group.until_all_read(&mut [&mut first], 4);
    assert_eq!(group.next.values().sum::<i64>(), 30 + 31 + 32 + 2 * 30 + 30);
}

/// Paused where there is nothing more, one after the other and all at once, for nothing or while more comes.
pub fn pauses_at_the_ends_of_many_partitions(bench: &dyn Bench) {
    bench.create_topic("t", 8);
    let (mut group, mut member) = (Group::default(), Member::join(bench, "g", "t"));
    group.until_shared(&mut [&mut member], 8);
    for turn in 0..6 {
        bench.publish(numbered("t", 100));
        group.until_all_read(&mut [&mut member], 8);
        let paused: Vec<i32> = (0..8).filter(|partition| turn < 2 || partition % 2 == turn % 2).collect();
        paused.iter().for_each(|partition| member.log.pause(*partition).unwrap());
        if turn % 2 == 1 {
            bench.publish(numbered("t", 100));
            // The others go on meanwhile.
            (0..20).for_each(|_| group.step(&mut member));
        }
        paused.iter().for_each(|partition| member.log.resume(*partition).unwrap());
        group.until_all_read(&mut [&mut member], 8);
    }
    assert_eq!(group.next.values().sum::<i64>(), 900);
}

/// One record at a time, with pauses between: ends and records come in their order all the same.
pub fn polled_one_by_one(bench: &dyn Bench) {
    bench.create_topic("t", 3);
    let (mut group, mut member) = (Group::default(), Member::join(bench, "g", "t"));
    group.until_shared(&mut [&mut member], 3);
    for turn in 0..3 {
        bench.publish(numbered("t", 40));
        let began = std::time::Instant::now();
        while group.ends.values().sum::<i64>() < 40 * (turn + 1) {
            assert!(began.elapsed().as_secs() < 60, "{:?}", group.ends);
            let (before, event) = (member.records.len(), member.log.poll(&mut member.records, 1).unwrap());
            assert!(member.records.len() - before <= 2, "more than was asked for");
            member.events.extend(event);
            let came: Vec<i32> = member.records.iter().map(|record| record.partition).collect();
            group.check(&mut member);
            for partition in came {
                member.log.pause(partition).unwrap();
                member.log.resume(partition).unwrap();
            }
        }
    }
}

/// Begun anew at the end itself, before and after more came.
pub fn started_again_at_the_end(bench: &dyn Bench) {
    bench.create_topic("t", 2);
    let (mut group, mut member) = (Group::default(), Member::join(bench, "g", "t"));
    group.until_shared(&mut [&mut member], 2);
    for turn in 0..6 {
        bench.publish(numbered("t", 20));
        group.until_all_read(&mut [&mut member], 2);
        if turn % 2 == 1 {
            bench.publish(numbered("t", 20));
        }
        // Read since, and not looked at yet, is read again.
        let at: Vec<(i32, i64)> = group.next.iter().map(|(partition, next)| (*partition, *next)).collect();
        member.log.start(&at).unwrap();
        group.ends.clear();
        group.until_all_read(&mut [&mut member], 2);
    }
    assert_eq!(group.next.values().sum::<i64>(), 180);
}

/// A position out of range halts its own partition; the others read on through the pauses and rebalances that follow.
pub fn beside_one_that_is_out_of_range(bench: &dyn Bench) {
    bench.create_topic("t", 3);
    bench.publish(numbered("t", 60));
    let mut member = Member::alone(bench, "g", "t", 3);
    let end = member.log.bounds(0, ASK).unwrap().end;
    member.events.clear();
    member.log.start(&[(0, end + 50), (1, 0), (2, 0)]).unwrap();
    let strayed = |event: &LogEvent| matches!(event, LogEvent::OutOfRange { partition: 0, .. });
    member.until("it is told", |member| member.events.iter().any(strayed));
    member.events.retain(|event| !strayed(event));
    let mut group = Group::default();
    group.check(&mut member);
    [1, 2].iter().for_each(|partition| member.log.pause(*partition).unwrap());
    bench.publish(numbered("t", 60));
    [1, 2].iter().for_each(|partition| member.log.resume(*partition).unwrap());
    // The one that strayed goes on where the runtime says so.
    member.log.start(&[(0, 0)]).unwrap();
    group.until_all_read(&mut [&mut member], 3);
    assert_eq!(group.next.values().sum::<i64>(), 120);
}
