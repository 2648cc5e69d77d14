use std::sync::Arc;

use onefold_core::attempt::Tries;
use onefold_core::identity::Identity;
use onefold_core::progress::{Assignments, Delivered, PartitionProgress, Room};

use super::*;
use crate::record::{Record, TopicId};
use crate::runtime::engine::task::Work;

const BOTH: [i32; 2] = [1, 2];

/// A record of this partition that its commit passes and that has not run.
fn passed(partition: i32) -> (Arrival, Task) {
    let assignment = Assignments::default().next_number();
    let mut progress = PartitionProgress::assigned(assignment, TopicId::UNKNOWN, 0, None, Room::Store);
    let Delivered::New(ticket) = progress.delivered(0, None, 1) else { panic!("it is new") };
    let mut record = Record::new("payments", None, None);
    record.partition = partition;
    let task = Task {
        record: Arc::new(record),
        ticket,
        gap_start: 0,
        lane: 0,
        epoch: 0,
        identity: Identity::from_bytes(vec![1]),
        digest: None,
        tries: Tries::default(),
        work: Work::Run,
        is_done: false,
    };
    (Arrival { partition: partition as u32, key: Some(0), identity: None, bytes: 1 }, task)
}

/// One commit was sent for a record of each of both partitions.
fn sent() -> Commits {
    Commits { sent: Some(Vec::new()), in_commit: BOTH.map(passed).into(), ..Commits::default() }
}

#[test]
fn where_one_partition_goes_the_commit_is_still_waited_for_by_the_other() {
    let mut commits = sent();
    assert_eq!(commits.abandon(&[1], false), 1, "that one is passed, if the commit counts");
    assert!(commits.sent.is_some(), "the next answer is the one to this commit, and no later one is sent before it");
    let left: Vec<i32> = commits.in_commit.iter().map(|(_, task)| task.record.partition).collect();
    assert_eq!(left, [2], "it runs when the commit counts");
}

#[test]
fn where_all_go_nothing_is_waited_for() {
    let mut commits = sent();
    assert_eq!(commits.abandon(&BOTH, true), 2);
    assert!(!commits.is_under_way() && commits.awaiting() == 0);
}

#[test]
fn what_was_refused_passes_nothing_and_what_nobody_heard_of_may() {
    for (may_count, unsure) in [(false, 0), (true, 2)] {
        let mut commits = Commits { sent: None, again: true, may_count, ..sent() };
        assert_eq!(commits.abandon(&BOTH, true), unsure);
        assert!(!commits.is_under_way());
    }
}
