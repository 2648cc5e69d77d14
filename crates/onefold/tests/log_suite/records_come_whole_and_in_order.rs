//! Records come in the order of their offsets, with all their bytes, from where reading was started.

use bytes::Bytes;
use onefold::log::LogEvent;
use onefold::record::Header;
use onefold::{Record, log::Bounds};

use super::member::Member;
use super::{ASK, Bench, numbered};

pub fn each_partition_in_offset_order(bench: &dyn Bench) {
    bench.create_topic("t", 3);
    bench.publish(numbered("t", 500));
    let mut member = Member::alone(bench, "g", "t", 3);
    assert!(member.records.is_empty(), "nothing comes before it is started");
    member.start_all(0);
    member.until_records(500);
    for partition in 0..3 {
        let Bounds { earliest, end } = member.log.bounds(partition, ASK).unwrap();
        assert_eq!(member.offsets(partition), (earliest..end).collect::<Vec<_>>(), "partition {partition}");
    }
    let key_5 = member.records.iter().filter(|record| record.key.as_deref() == Some(b"key-5"));
    let values: Vec<usize> = key_5.map(|r| std::str::from_utf8(r.payload()).unwrap().parse().unwrap()).collect();
    assert_eq!(values, (5..500).step_by(11).collect::<Vec<_>>(), "a key keeps the order it was produced in");
    let id = member.log.topic_id(ASK).unwrap();
    assert!(member.records.iter().all(|record| record.topic_id == id && *record.topic == bench.named("t")));
}

pub fn bytes_and_header_names_verbatim(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    let header = |name: &'static [u8], value: Option<&'static [u8]>| Header {
        name: Bytes::from_static(name),
        value: value.map(Bytes::from_static),
    };
    let mut odd = Record::new("t", Some(b"\xff\x00k"), Some(b"\x00\xfe"));
    odd.timestamp_ms = Some(1_700_000_000_000);
    odd.replace_headers(vec![header(b"\xff\xfename", None), header(b"", Some(b"")), header(b"n", Some(b"\x00\xff"))]);
    odd.push_header(header(b"n", Some(b"again")));
    let mut empty = odd.clone();
    empty.value = Some(Bytes::new());
    empty.replace_headers(Vec::new());
    let mut tombstone = empty.clone();
    tombstone.value = None;
    bench.publish(vec![odd.clone()]);
    bench.publish(vec![empty.clone()]);
    bench.publish(vec![tombstone.clone()]);
    let mut member = Member::alone(bench, "g", "t", 1);
    member.start_all(0);
    member.until_records(3);
    for (came, sent) in member.records.iter().zip([odd, empty, tombstone]) {
        assert_eq!((&came.key, &came.value, came.headers()), (&sent.key, &sent.value, sent.headers()));
        assert_eq!(came.timestamp_ms, sent.timestamp_ms);
    }
}

pub fn reading_starts_where_it_is_told_and_again(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    bench.publish(numbered("t", 40));
    let mut member = Member::alone(bench, "g", "t", 1);
    member.start_all(33);
    member.until_records(7);
    assert_eq!(member.offsets(0), (33..40).collect::<Vec<_>>());
    let end = LogEvent::End { partition: 0, offset: 40 };
    member.until("the end is told", |member| member.events.contains(&end));
    // Given up and taken again within one stay, as after another owner in the sink.
    member.records.clear();
    member.events.clear();
    member.start_all(12);
    member.until_records(28);
    assert_eq!(member.offsets(0), (12..40).collect::<Vec<_>>());
    member.until("the end is told again", |member| member.events.contains(&end));
}

pub fn a_paused_partition_goes_on_after_its_last_record(bench: &dyn Bench) {
    bench.create_topic("t", 2);
    bench.publish(numbered("t", 300));
    let mut member = Member::alone(bench, "g", "t", 2);
    member.start_all(0);
    // Somewhere in the middle of what was fetched ahead.
    member.until("some came of it", |member| !member.offsets(0).is_empty());
    member.log.pause(0).unwrap();
    let before = member.offsets(0).len();
    bench.publish(numbered("t", 300));
    let end = |member: &mut Member, partition| member.log.bounds(partition, ASK).unwrap().end;
    let (end_0, end_1) = (end(&mut member, 0), end(&mut member, 1));
    member.until("the other one goes on to its end", |member| member.offsets(1).len() as i64 == end_1);
    assert_eq!(member.offsets(0).len(), before, "it was paused");
    member.log.resume(0).unwrap();
    member.until("it goes on", |member| member.offsets(0).len() as i64 >= end_0);
    assert_eq!(member.offsets(0), (0..end_0).collect::<Vec<_>>(), "nothing is left out and nothing comes twice");
}

/// The end that was told is no record: reading goes on at it, and not behind it.
pub fn a_pause_after_the_end_skips_nothing(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    bench.publish(numbered("t", 20));
    let mut member = Member::alone(bench, "g", "t", 1);
    member.start_all(0);
    let end = LogEvent::End { partition: 0, offset: 20 };
    member.until("the end is told", |member| member.events.contains(&end));
    member.log.pause(0).unwrap();
    bench.publish(numbered("t", 3));
    member.log.resume(0).unwrap();
    member.until_records(23);
    assert_eq!(member.offsets(0), (0..23).collect::<Vec<_>>());
}

pub fn a_pause_ends_with_the_assignment(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    bench.publish(numbered("t", 10));
    let mut member = Member::alone(bench, "g", "t", 1);
    member.start_all(0);
    member.until_records(10);
    member.log.pause(0).unwrap();
    bench.expel("g", "t");
    member.until("it is told", |member| member.events.iter().any(|event| matches!(event, LogEvent::Lost(_))));
    member.release_revoked();
    member.records.clear();
    member.until("it has it again", |member| member.holds.contains(&0));
    member.start_all(4);
    member.until_records(6);
}

/// Given up and taken again in one go, again and again: what is still being given up must not take away what is begun.
pub fn started_again_at_once(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    bench.publish(numbered("t", 20));
    let mut member = Member::alone(bench, "g", "t", 1);
    for turn in 1..=30 {
        member.records.clear();
        member.log.start(&[(0, 0)]).unwrap();
        member.until(&format!("all come, turn {turn}"), |member| member.offsets(0).len() == 20);
        assert_eq!(member.offsets(0), (0..20).collect::<Vec<i64>>());
    }
}
