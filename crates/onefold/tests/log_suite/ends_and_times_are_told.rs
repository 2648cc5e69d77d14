//! What there is: ends, bounds, times, partitions.

use std::time::Duration;

use onefold::Record;
use onefold::log::{Bounds, LogEvent};
use onefold::record::TopicId;

use super::member::Member;
use super::{ASK, Bench, numbered};

pub fn an_end_comes_after_all_below_it(bench: &dyn Bench) {
    bench.create_topic("t", 4);
    bench.publish(numbered("t", 700));
    let mut member = Member::alone(bench, "g", "t", 4);
    member.start_all(0);
    let mut ends = [None; 4];
    member.until("all ends are told, also of what is empty", |member| {
        for event in std::mem::take(&mut member.events) {
            let LogEvent::End { partition, offset } = event else { continue };
            assert_eq!(member.offsets(partition), (0..offset).collect::<Vec<_>>(), "partition {partition}");
            ends[partition as usize] = Some(offset);
        }
        ends.iter().all(Option::is_some)
    });
    assert_eq!(ends.iter().flatten().sum::<i64>(), 700);
    // More comes, and a new end after it.
    bench.publish(vec![Record::new("t", Some(b"key-1"), Some(b"late"))]);
    member.until_records(701);
    let late = member.records.last().unwrap().clone();
    let end = LogEvent::End { partition: late.partition, offset: late.offset + 1 };
    member.until("the new end is told", |member| member.events.contains(&end));
}

pub fn bounds_times_and_partitions(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    let mut member = Member::alone(bench, "g", "t", 1);
    assert_eq!(member.log.bounds(0, ASK).unwrap(), Bounds { earliest: 0, end: 0 });
    assert_eq!(member.log.offset_for_time(0, 0, ASK).unwrap(), 0);
    for (nth, mut record) in numbered("t", 10).into_iter().enumerate() {
        record.timestamp_ms = Some(1_700_000_000_000 + 1000 * nth as i64);
        bench.publish(vec![record]);
    }
    assert_eq!(member.log.bounds(0, ASK).unwrap(), Bounds { earliest: 0, end: 10 });
    let mut at = |ms: i64| member.log.offset_for_time(0, 1_700_000_000_000 + ms, ASK).unwrap();
    assert_eq!([at(-5), at(0), at(1), at(3000), at(9000), at(9001)], [0, 0, 1, 3, 9, 10]);
    bench.delete_records("t", 0, 4);
    assert_eq!(member.log.bounds(0, ASK).unwrap(), Bounds { earliest: 4, end: 10 });
    assert_eq!(member.log.partitions(ASK).unwrap(), [0]);
}

/// Whoever asks need not wait, and hears it once, whenever it comes.
pub fn a_topics_id_is_told_after_it_was_asked_for(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    bench.create_topic("u", 1);
    let (mut one, mut other) = (Member::join(bench, "g", "t"), Member::join(bench, "h", "u"));
    assert_eq!(one.log.told_topic_id(Duration::ZERO).unwrap(), None, "nobody asked");
    let mut ids = [&mut one, &mut other].map(|member| {
        member.log.ask_topic_id();
        let mut id = None;
        member.until("it is told", |member| {
            id = member.log.told_topic_id(Duration::ZERO).unwrap();
            id.is_some()
        });
        assert_eq!(member.log.told_topic_id(Duration::ZERO).unwrap(), None, "once");
        assert_eq!(member.log.topic_id(ASK).unwrap(), id.unwrap());
        id.unwrap()
    });
    ids.sort_unstable_by_key(|id| id.0);
    assert!(ids[0] != ids[1] && ids[0] != TopicId::UNKNOWN, "{ids:?}");
}
