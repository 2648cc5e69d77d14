//! A member that ends before it has heard what it was given leaves its group all the same. librdkafka waits for an answer
//! to each assignment, also in a consumer that is being closed: without one, a drain that had nothing to do never ended.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use onefold::log::{Log, LogEvent};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::in_kafka::InKafka;
use super::{ASK, Bench};

const LONGEST: Duration = Duration::from_secs(30);

/// How many members the group has, once all of them know what they have.
fn settled(looker: &BaseConsumer, group: &str) -> usize {
    let groups = looker.fetch_group_list(Some(group), ASK).unwrap();
    let group = groups.groups().first().filter(|group| group.state() == "Stable");
    group.map_or(0, |group| group.members().len())
}

fn gone_in_time(log: Box<dyn Log>) {
    let (tell, gone) = mpsc::channel();
    std::thread::spawn(move || {
        drop(log);
        tell.send(()).unwrap();
    });
    gone.recv_timeout(LONGEST).expect("it leaves its group");
}

#[test]
fn with_an_assignment_that_it_has_not_heard() {
    let bench = InKafka::embedded();
    bench.create_topic("events", 1);
    let looker: BaseConsumer = bench.client().create().unwrap();
    let join = || {
        let mut log = bench.join("readers", "events");
        log.set_waker(Arc::new(|| ()));
        log
    };
    // It is never polled: librdkafka joins on a thread of its own.
    let (unheard, deadline) = (join(), Instant::now() + LONGEST);
    while settled(&looker, "readers") != 1 {
        assert!(Instant::now() < deadline, "it joins");
    }
    gone_in_time(unheard);
    // Of two members on one partition one gets nothing, which is an assignment, too.
    let mut first = join();
    while !matches!(first.poll(&mut Vec::new(), 0), Ok(Some(LogEvent::Assigned(_)))) {
        assert!(Instant::now() < deadline, "the first is assigned");
    }
    first.start(&[(0, 0)]).unwrap();
    let second = join();
    while settled(&looker, "readers") != 2 {
        if let Ok(Some(LogEvent::Revoked(partitions))) = first.poll(&mut Vec::new(), 0) {
            first.release(&partitions).unwrap();
        }
        assert!(Instant::now() < deadline, "the second joins");
    }
    gone_in_time(second);
    gone_in_time(first);
}
