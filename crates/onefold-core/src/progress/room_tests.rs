//! Whoever asks before running a record never has more finished runs than the metadata holds, and is never stuck.

use proptest::prelude::*;

use super::*;
use crate::identity::TopicId;
use crate::suspects::{LONGEST_NOTE, Note, Tried};

/// A note that is as long as one can be.
const LONGEST: Note = Note {
    is_open: true,
    start: i64::MAX,
    ends: u32::MAX,
    horizon: i64::MAX,
    tried: Some(Tried { offset: i64::MAX, deaths: u32::MAX }),
};

#[test]
fn the_longest_note_has_its_room() {
    assert_eq!(LONGEST.to_string().len(), LONGEST_NOTE);
}

#[derive(Clone, Debug)]
enum Step {
    Deliver { records: u8, gap: u32 },
    Run { nth: usize },
    Finish { nth: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = prop_oneof![6 => Just(0u32), 2 => 1u32..3, 1 => any::<u32>()];
    let step = prop_oneof![
        2 => (1u8..40, gap).prop_map(|(records, gap)| Step::Deliver { records, gap }),
        8 => any::<usize>().prop_map(|nth| Step::Run { nth }),
        8 => any::<usize>().prop_map(|nth| Step::Finish { nth }),
    ];
    prop::collection::vec(step, 1..600)
}

fn take(tickets: &mut Vec<Ticket>, nth: usize) -> Option<Ticket> {
    // The first one seldom, so that gaps grow above it.
    if tickets.is_empty() { None } else { Some(tickets.remove(nth % tickets.len())) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn runs_never_outgrow_the_metadata(steps in steps(), bytes in 190usize..350) {
        let room = Room::Metadata { bytes };
        let mut progress = PartitionProgress::assigned(Assignment(1), TopicId([1; 16]), 1 << 33, None, room);
        let (mut waiting, mut running): (Vec<Ticket>, Vec<Ticket>) = Default::default();
        let mut held_back = 0;
        for step in steps {
            match step {
                Step::Deliver { records, gap } => {
                    for _ in 0..records {
                        match progress.delivered(progress.end() + i64::from(gap), Some(1), 1) {
                            Delivered::New(ticket) => waiting.push(ticket),
                            other => prop_assert!(false, "{:?}", other),
                        }
                    }
                }
                Step::Run { nth } => {
                    let Some(ticket) = take(&mut waiting, nth) else { continue };
                    if progress.may_run(ticket.offset(), running.len()) {
                        running.push(ticket);
                    } else {
                        held_back += 1;
                        waiting.push(ticket);
                    }
                }
                Step::Finish { nth } => {
                    if let Some(ticket) = take(&mut running, nth) {
                        prop_assert_ne!(progress.finished(ticket), Finished::Stale);
                    }
                }
            }
            let length = progress.commit(Some(LONGEST)).metadata.len();
            prop_assert!(length <= bytes, "{} of {} bytes, {} held back", length, bytes, held_back);
        }
        // And it always goes on: the oldest may run.
        running.into_iter().for_each(|ticket| { let _ = progress.finished(ticket); });
        waiting.sort_by_key(Ticket::offset);
        for ticket in waiting {
            prop_assert!(progress.may_run(ticket.offset(), 0));
            prop_assert_eq!(progress.finished(ticket), Finished::Moved);
        }
        prop_assert_eq!(progress.position(), progress.end());
    }
}

#[test]
fn a_stuck_record_lets_ten_thousand_others_pass_where_they_leave_few_gaps() {
    let room = Room::Metadata { bytes: METADATA_BYTES };
    let mut progress = PartitionProgress::assigned(Assignment(1), TopicId([1; 16]), 0, None, room);
    for offset in 0..10_000 {
        let Delivered::New(ticket) = progress.delivered(offset, Some(1), 1) else { panic!("{offset} is not new") };
        assert!(progress.may_run(offset, 64), "{offset}");
        // Each hundredth hangs.
        if offset % 100 != 0 {
            let _ = progress.finished(ticket);
        }
    }
    assert_eq!(progress.position(), 0);
    assert!(progress.commit(None).metadata.len() < 500);
}

#[test]
fn a_compacted_topic_is_not_one_gap_after_the_other() {
    let room = Room::Metadata { bytes: METADATA_BYTES };
    let mut progress = PartitionProgress::assigned(Assignment(1), TopicId([1; 16]), 0, None, room);
    for offset in (0..5_000_000).step_by(1000) {
        assert!(matches!(progress.delivered(offset, Some(1), 1), Delivered::New(_)));
    }
    assert_eq!(progress.done_above().count(), 0);
    assert!(progress.may_run(4_000_000, 64));
}
