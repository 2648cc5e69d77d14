//! A partition has one owner at a time: who is to give one up is asked, and nobody gets it before.

use onefold::log::LogEvent;

use super::member::Member;
use super::{ASK, Bench, numbered};

fn step_both(first: &mut Member, second: &mut Member) {
    first.step();
    second.step();
    assert!(first.holds.is_disjoint(&second.holds), "{:?} {:?}", first.holds, second.holds);
}

fn until_both(first: &mut Member, second: &mut Member, mut is_so: impl FnMut(&mut Member, &mut Member) -> bool) {
    let began = std::time::Instant::now();
    while !is_so(first, second) {
        assert!(began.elapsed().as_secs() < 60, "{:?} {:?}", first.events, second.events);
        step_both(first, second);
        std::thread::yield_now();
    }
}

fn is_asked(member: &Member) -> bool {
    member.events.iter().any(|event| matches!(event, LogEvent::Revoked(_)))
}

/// Two members with half of the partitions each.
fn two(bench: &dyn Bench) -> (Member, Member) {
    let mut first = Member::alone(bench, "g", "t", 6);
    first.start_all(0);
    let mut second = Member::join(bench, "g", "t");
    until_both(&mut first, &mut second, |first, _| is_asked(first));
    for _ in 0..50 {
        step_both(&mut first, &mut second);
    }
    assert!(second.holds.is_empty(), "given away before it was released");
    first.release_revoked();
    until_both(&mut first, &mut second, |first, second| first.holds.len() + second.holds.len() == 6);
    (first, second)
}

pub fn who_joins_gets_what_was_released(bench: &dyn Bench) {
    bench.create_topic("t", 6);
    bench.publish(numbered("t", 200));
    let (mut first, mut second) = two(bench);
    assert_eq!((first.holds.len(), second.holds.len()), (3, 3));
    // Where partitions stay through a rebalance they are read on, from where they were; in the others, from the start.
    let goes_on: Vec<(i32, i64)> = first.holds.iter().map(|p| (*p, first.offsets(*p).len() as i64)).collect();
    if first.events.iter().any(|event| matches!(event, LogEvent::Assigned(_))) {
        first.log.start(&goes_on).unwrap();
    }
    second.start_all(0);
    bench.publish(numbered("t", 200));
    let whole = |member: &mut Member, partition: i32| {
        let end = member.log.bounds(partition, ASK).unwrap().end;
        member.offsets(partition) == (0..end).collect::<Vec<_>>()
    };
    until_both(&mut first, &mut second, |first, second| {
        (0..6).all(|p| if first.holds.contains(&p) { whole(first, p) } else { whole(second, p) })
    });
}

/// As the group's coordinator knows it, and by what its leader assigned.
pub fn who_has_what_is_told(bench: &dyn Bench) {
    bench.create_topic("t", 6);
    let (mut first, mut second) = two(bench);
    until_both(&mut first, &mut second, |first, second| {
        let told = first.log.holders(ASK).unwrap();
        assert!(told.len() <= 2 && told.iter().all(|holder| !holder.client.is_empty() && !holder.host.is_empty()));
        let mut told: Vec<Vec<i32>> = told.into_iter().map(|holder| holder.partitions).collect();
        told.iter_mut().for_each(|partitions| partitions.sort_unstable());
        let has = |member: &Member| told.contains(&member.holds.iter().copied().collect());
        told.len() == 2 && has(first) && has(second)
    });
}

/// Also where nobody answered it: a thread that ends must not wait for ever.
pub fn who_is_dropped_while_asked_gives_all_back(bench: &dyn Bench) {
    bench.create_topic("t", 6);
    let mut first = Member::alone(bench, "g", "t", 6);
    first.start_all(0);
    let mut second = Member::join(bench, "g", "t");
    until_both(&mut first, &mut second, |first, _| is_asked(first));
    drop(first);
    second.until("it gets all", |second| second.holds.len() == 6);
}

pub fn who_leaves_gives_all_back(bench: &dyn Bench) {
    bench.create_topic("t", 6);
    let (mut first, mut second) = two(bench);
    second.start_all(0);
    second.log.leave();
    until_both(&mut first, &mut second, |first, second| {
        first.release_revoked();
        is_asked(second)
    });
    second.release_revoked();
    assert!(second.holds.is_empty());
    until_both(&mut first, &mut second, |first, _| {
        first.release_revoked();
        first.holds.len() == 6
    });
}
