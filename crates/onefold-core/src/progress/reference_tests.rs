//! `PartitionProgress` against plain sets of offsets.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::identity::TopicId;

const TOPIC: TopicId = TopicId([9; 16]);

#[derive(Clone, Debug)]
enum Step {
    /// The next record, after a gap of so many offsets, written in a later epoch by so many.
    Deliver { gap: i64, epochs: i32 },
    /// The next record comes and is finished in one step, where it may.
    Through { gap: i64 },
    /// The consumer's position moves on by control records.
    Pass { by: i64 },
    /// The n-th of the unfinished ones finishes.
    Finish { nth: usize },
    /// An old record comes again.
    Again { nth: usize },
    /// The process dies and starts from its last commit.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = || prop_oneof![12 => Just(0i64), 2 => 1i64..4, 1 => 60i64..70, 1 => 100_000i64..100_010];
    let step = prop_oneof![
        8 => (gap(), prop_oneof![20 => Just(0), 1 => 1i32..3]).prop_map(|(gap, epochs)| Step::Deliver { gap, epochs }),
        6 => gap().prop_map(|gap| Step::Through { gap }),
        1 => (1i64..5).prop_map(|by| Step::Pass { by }),
        6 => any::<usize>().prop_map(|nth| Step::Finish { nth }),
        1 => any::<usize>().prop_map(|nth| Step::Again { nth }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..300)
}

/// What the log holds and what is finished, as sets.
#[derive(Default)]
struct Reference {
    log: BTreeMap<i64, i32>,
    end: i64,
    seen: BTreeSet<i64>,
    done: BTreeSet<i64>,
}

impl Reference {
    fn position(&self, delivered_to: i64) -> i64 {
        self.seen.iter().copied().find(|offset| !self.done.contains(offset)).unwrap_or(delivered_to)
    }
}

fn restart(progress: &PartitionProgress, number: u64) -> PartitionProgress {
    let commit = progress.commit(None);
    let saved = Saved::read(Some(commit.metadata.as_bytes()), TOPIC, commit.offset, commit.leader_epoch);
    PartitionProgress::assigned(Assignment(number), TOPIC, commit.offset, Some(saved.unwrap()), Room::Store)
}

fn deliver(progress: &mut PartitionProgress, offset: i64, epoch: i32) -> Delivered {
    progress.delivered(offset, Some(epoch), 10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn agrees_with_sets_of_offsets(steps in steps()) {
        let mut reference = Reference::default();
        let mut progress = PartitionProgress::assigned(Assignment(0), TOPIC, 0, None, Room::Store);
        let mut open: Vec<Ticket> = Vec::new();
        let mut stale: Vec<Ticket> = Vec::new();
        let mut epoch = 0;
        for (number, step) in (1..).zip(steps) {
            match step {
                Step::Deliver { gap, epochs } => {
                    // After a restart, what is in the log above the position comes first.
                    let again = reference.log.range(progress.end()..).next().map(|(offset, epoch)| (*offset, *epoch));
                    let (offset, of_epoch) = again.unwrap_or_else(|| {
                        epoch += epochs;
                        (reference.end.max(progress.end()) + gap, epoch)
                    });
                    reference.log.insert(offset, of_epoch);
                    reference.end = reference.end.max(offset + 1);
                    reference.seen.insert(offset);
                    match deliver(&mut progress, offset, of_epoch) {
                        Delivered::New(ticket) => {
                            prop_assert!(!reference.done.contains(&offset), "{} runs twice", offset);
                            open.push(ticket);
                        }
                        Delivered::Done => prop_assert!(reference.done.contains(&offset), "{} is skipped undone", offset),
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
                Step::Through { gap } => {
                    let again = reference.log.range(progress.end()..).next().map(|(offset, epoch)| (*offset, *epoch));
                    let (offset, of_epoch) = again.unwrap_or((reference.end.max(progress.end()) + gap, epoch));
                    if progress.may_run_at_once(offset, open.len()) {
                        prop_assert!(!reference.done.contains(&offset), "{} runs twice", offset);
                        progress.delivered_and_finished(offset, Some(of_epoch));
                        reference.log.insert(offset, of_epoch);
                        reference.end = reference.end.max(offset + 1);
                        reference.seen.insert(offset);
                        reference.done.insert(offset);
                    }
                }
                Step::Pass { by } => {
                    if reference.log.range(progress.end()..).next().is_none() {
                        progress.passed(progress.end() + by);
                        reference.end = reference.end.max(progress.end());
                    }
                }
                Step::Finish { nth } if !open.is_empty() => {
                    let ticket = open.swap_remove(nth % open.len());
                    let before = progress.position();
                    reference.done.insert(ticket.offset());
                    let finished = progress.finished(ticket.clone());
                    prop_assert_eq!(finished == Finished::Moved, progress.position() > before);
                    prop_assert_eq!(progress.finished(ticket), Finished::Already);
                }
                Step::Again { nth } if !reference.seen.is_empty() => {
                    let offset = *reference.seen.iter().nth(nth % reference.seen.len()).unwrap();
                    if offset < progress.end() {
                        let expected =
                            if reference.done.contains(&offset) { Delivered::Done } else { Delivered::InFlight };
                        prop_assert_eq!(deliver(&mut progress, offset, 0), expected);
                    }
                }
                Step::Finish { .. } | Step::Again { .. } => {}
                Step::Restart => {
                    progress = restart(&progress, number);
                    stale.append(&mut open);
                    for ticket in &stale {
                        prop_assert_eq!(progress.finished(ticket.clone()), Finished::Stale);
                    }
                    reference.seen.retain(|offset| reference.done.contains(offset));
                }
            }
            prop_assert_eq!(progress.position(), reference.position(progress.end()).min(progress.end()));
            prop_assert_eq!(progress.in_flight(), open.len());
            prop_assert_eq!(progress.in_flight_bytes(), 10 * open.len() as u64);
            for run in progress.done_above() {
                for (offset, _) in reference.log.range(run) {
                    prop_assert!(reference.done.contains(offset), "{} is called done", offset);
                }
            }
            let above: Vec<_> = progress.done_above().collect();
            for offset in reference.done.range(progress.position()..) {
                prop_assert!(above.iter().any(|run| run.contains(offset)), "done {} is forgotten", offset);
            }
        }
    }
}
