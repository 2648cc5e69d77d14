//! The state keeps little and answers fast; the reference keeps everything and looks through it all. Over any history that
//! a broker could have written, both answer every question alike: where logs begin and end, where each epoch ended, what
//! each producer may send next and which retries are known, what is stable, what was aborted, what groups have committed.

#[path = "support/history.rs"]
mod history;

use std::collections::BTreeSet;

use history::{Naive, NaivePartition, command};
use onefold_broker_core::partition::Partition;
use onefold_broker_core::{State, TopicPartition};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn after_any_history(commands in prop::collection::vec(command(), 0..80)) {
        let (mut naive, mut state) = (Naive::default(), State::new());
        for command in &commands {
            if let Some((stamp, record)) = naive.perform(command) {
                state.apply(&stamp, &record);
            }
            compare(&naive, &state)?;
        }
    }
}

fn compare(naive: &Naive, state: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(state.lsn().0, naive.lsn);
    prop_assert_eq!(state.leader_epoch(), naive.epoch);
    prop_assert_eq!(state.producer_id_next(), naive.producer_id_next);
    prop_assert_eq!(state.topics().count(), naive.topics.len());
    for (id, expected) in &naive.topics {
        let topic = state.topic_by_id(*id).expect("the reference has it");
        prop_assert_eq!(state.topic_by_name(&expected.name).map(|topic| topic.id), Some(*id));
        prop_assert_eq!(&topic.configs, &expected.configs);
        prop_assert_eq!(topic.partitions.len(), expected.partitions.len());
        for (number, expected) in (0..).zip(&expected.partitions) {
            let at = TopicPartition::new(*id, number);
            compare_partition(expected, topic.partition(number).expect("counted"), naive.epoch)?;
            compare_stable(expected, state, at)?;
        }
    }
    compare_groups(naive, state)
}

fn compare_partition(expected: &NaivePartition, partition: &Partition, now: i32) -> Result<(), TestCaseError> {
    prop_assert_eq!(partition.log_end(), expected.log.len() as i64);
    prop_assert_eq!(partition.log_start(), expected.log_start as i64);
    for epoch in 0..=now + 1 {
        let end = partition.end_of_epoch(epoch).map(|end| end.end_offset);
        prop_assert_eq!(end, end_of_epoch(expected, epoch), "epoch {}", epoch);
    }
    for (offset, seen) in expected.log.iter().enumerate().skip(expected.log_start) {
        prop_assert_eq!(partition.epochs().epoch_at(offset as i64), Some(seen.epoch));
    }
    prop_assert_eq!(partition.producers().len(), expected.producers.len());
    for (id, (epoch, sequence, remembered, expired)) in &expected.producers {
        let window = partition.producers().get(*id).expect("the reference has it");
        prop_assert_eq!((window.epoch(), window.next_sequence(), window.is_expired()), (*epoch, *sequence, *expired));
        let own: Vec<_> = expected.batches.iter().filter(|batch| batch.0 == *id).collect();
        let known = &own[own.len() - (*remembered).min(5)..];
        let sent: Vec<_> = window.sent().iter().map(|s| (s.first_sequence, s.last_sequence, s.base_offset)).collect();
        prop_assert_eq!(sent, known.iter().map(|b| (b.2, b.3, b.4)).collect::<Vec<_>>());
    }
    for (from, to) in [(0, i64::MAX), (3, 9), (expected.log_start as i64, 6)] {
        let listed: Vec<_> =
            partition.aborted_within(from, to).iter().map(|a| (a.first_offset, a.last_offset)).collect();
        let mut overlapping: Vec<_> = expected.aborted.iter().map(|a| (a.1 as i64, a.2 as i64)).collect();
        overlapping.retain(|(first, marker)| *marker >= from && *first < to);
        overlapping.sort_unstable();
        prop_assert_eq!(listed, overlapping);
    }
    Ok(())
}

/// By looking at all records there ever were: the epoch ends where the first record of a newer one is, or where a newer
/// start found the log's end, but not before the log's start.
fn end_of_epoch(partition: &NaivePartition, epoch: i32) -> Option<i64> {
    let newest = partition.began.last().map(|(epoch, _)| *epoch)?;
    if epoch > newest {
        return None;
    }
    let next = partition.began.iter().filter(|(began, _)| *began > epoch).map(|(_, offset)| *offset).min();
    Some(next.map_or(partition.log.len(), |offset| offset.max(partition.log_start)) as i64)
}

/// Everything is durable here, so the last stable offset is where the oldest open transaction began.
fn compare_stable(expected: &NaivePartition, state: &State, at: TopicPartition) -> Result<(), TestCaseError> {
    let mut settled = state.clone();
    settled.settle(state.lsn());
    let end = expected.log.len();
    let oldest = expected.open.values().min().map_or(end, |first| (*first).max(expected.log_start));
    prop_assert_eq!(settled.last_stable_offset(at, end as i64), Some(oldest as i64));
    Ok(())
}

fn compare_groups(naive: &Naive, state: &State) -> Result<(), TestCaseError> {
    let names: BTreeSet<&str> = naive.groups.keys().map(String::as_str).collect();
    prop_assert_eq!(state.groups().map(|(name, _)| name).collect::<BTreeSet<_>>(), names);
    for (name, generation) in &naive.groups {
        let snapshot = state.group(name).and_then(|group| group.snapshot.as_ref());
        prop_assert_eq!(snapshot.map(|snapshot| snapshot.generation), *generation);
        let committed = state.group_offsets(name).iter().map(|(at, stored)| (*at, (stored.offset, stored.time_ms)));
        let expected =
            naive.offsets.iter().filter(|((group, _), _)| group == name).map(|((_, at), offset)| (*at, *offset));
        prop_assert_eq!(committed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
    Ok(())
}
