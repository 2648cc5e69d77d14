//! A position that the log does not have is said once and loudly, and moved by nobody; other partitions go on.

use onefold::log::LogEvent;

use super::member::Member;
use super::{ASK, Bench, numbered};

fn strayed(member: &mut Member, partition: i32) -> bool {
    let of = |event: &LogEvent| matches!(event, LogEvent::OutOfRange { partition: of, .. } if *of == partition);
    member.events.iter().any(of)
}

pub fn beyond_the_end_and_below_what_is_left(bench: &dyn Bench) {
    bench.create_topic("t", 3);
    bench.publish(numbered("t", 120));
    let mut member = Member::alone(bench, "g", "t", 3);
    let ends = [0, 1, 2].map(|partition| member.log.bounds(partition, ASK).unwrap().end);
    assert!(ends.iter().all(|end| *end > 5), "{ends:?}");
    bench.delete_records("t", 0, 5);
    member.log.start(&[(0, 2), (1, ends[1] + 100), (2, 0)]).unwrap();
    member.until("both are told", |member| strayed(member, 0) && strayed(member, 1));
    member.until("the third comes whole", |member| member.offsets(2).len() as i64 == ends[2]);
    assert_eq!((member.offsets(0), member.offsets(1)), (vec![], vec![]), "nobody moved the position");
    // Where the runtime says so, they go on.
    member.log.start(&[(0, 5), (1, ends[1] - 1)]).unwrap();
    member.until("they go on", |member| {
        member.offsets(0).len() as i64 == ends[0] - 5 && member.offsets(1) == [ends[1] - 1]
    });
}
