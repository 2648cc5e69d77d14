//! A commit is there for whoever has the partition next, with its epoch and its metadata; but not one of a member that
//! the group has put out.

use onefold::log::{CommitAt, CommitError, CommittedAt, LogEvent};

use super::member::Member;
use super::{ASK, Bench, numbered};

fn commit(partition: i32, offset: i64, metadata: &str) -> CommitAt {
    CommitAt { partition, offset, leader_epoch: Some(3), metadata: metadata.to_owned() }
}

fn answer(member: &mut Member) -> Result<(), CommitError> {
    let mut answer = None;
    member.until("the commit is answered", |member| {
        let at = member.events.iter().position(|event| matches!(event, LogEvent::Committed(_)));
        answer = at.map(|at| member.events.remove(at));
        answer.is_some()
    });
    let Some(LogEvent::Committed(answer)) = answer else { panic!("no answer") };
    answer
}

pub fn offset_epoch_and_metadata(bench: &dyn Bench) {
    bench.create_topic("t", 2);
    bench.publish(numbered("t", 20));
    let mut member = Member::alone(bench, "g", "t", 2);
    let none = |partition| CommittedAt { partition, offset: None, leader_epoch: None, metadata: None };
    let asked = |member: &mut Member| {
        let mut all = member.log.committed(&[0, 1], ASK).unwrap();
        // No metadata and an empty one are the same to every reader.
        all.iter_mut().for_each(|at| at.metadata = at.metadata.take().filter(|metadata| !metadata.is_empty()));
        all
    };
    assert_eq!(asked(&mut member), [none(0), none(1)]);
    let metadata = format!("of1.{}", "x".repeat(3000));
    member.log.commit(&[commit(0, 7, &metadata)]).unwrap();
    assert_eq!(answer(&mut member), Ok(()));
    let seven =
        CommittedAt { partition: 0, offset: Some(7), leader_epoch: Some(3), metadata: Some(metadata.into_bytes()) };
    assert_eq!(asked(&mut member), [seven, none(1)]);
    member.log.commit(&[commit(0, 5, "back"), commit(1, 0, "")]).unwrap();
    assert_eq!(answer(&mut member), Ok(()));
    drop(member);
    let mut next = Member::alone(bench, "g", "t", 2);
    let five = CommittedAt { partition: 0, offset: Some(5), leader_epoch: Some(3), metadata: Some(b"back".to_vec()) };
    let zero = CommittedAt { partition: 1, offset: Some(0), leader_epoch: Some(3), metadata: None };
    assert_eq!(asked(&mut next), [five, zero]);
    let mut other = Member::alone(bench, "another group", "t", 2);
    assert_eq!(asked(&mut other), [none(0), none(1)]);
}

pub fn of_who_was_expelled_count_nothing(bench: &dyn Bench) {
    bench.create_topic("t", 1);
    bench.publish(numbered("t", 20));
    let mut member = Member::alone(bench, "g", "t", 1);
    member.start_all(4);
    member.log.commit(&[commit(0, 4, "")]).unwrap();
    assert_eq!(answer(&mut member), Ok(()));
    bench.expel("g", "t");
    member.log.commit(&[commit(0, 9, "")]).unwrap();
    let refused = answer(&mut member);
    assert!(matches!(refused, Err(CommitError::Fenced(_))), "{refused:?}");
    let is_lost = |member: &mut Member| member.events.contains(&LogEvent::Lost(vec![0]));
    member.until("it learns that the partition went", is_lost);
    member.release_revoked();
    assert!(member.holds.is_empty());
    member.until("it gets its share anew", |member| member.holds.contains(&0));
    assert_eq!(member.log.committed(&[0], ASK).unwrap()[0].offset, Some(4));
    member.log.commit(&[commit(0, 6, "")]).unwrap();
    assert_eq!(answer(&mut member), Ok(()));
    assert_eq!(member.log.committed(&[0], ASK).unwrap()[0].offset, Some(6));
}
