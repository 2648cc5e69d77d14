//! The verdicts as a table, and the waits against plain arithmetic.

use proptest::prelude::*;

use super::*;
use crate::outcome::ErrorClass::{self, *};

const POLICY: RetryPolicy = RetryPolicy { attempts: 3, first_ms: 100, longest_ms: 1000 };

fn failed(class: ErrorClass) -> Ended {
    Ended::Failed { class, retry_after_ms: None, without_effect: false }
}

fn tries(burnt: u32, waited: u32) -> Tries {
    Tries { burnt, waited }
}

fn again(burnt: u32, waited: u32, after_ms: u64, because: Because) -> Verdict {
    Verdict::Again { tries: tries(burnt, waited), after_ms, because }
}

#[test]
fn each_end_has_its_verdict() {
    use Repetition::{Allowed, Forbidden};
    const MOST: u64 = u64::MAX;
    let told = Ended::Failed { class: RateLimited, retry_after_ms: Some(5000), without_effect: false };
    let told_too_long = Ended::Failed { class: Transient, retry_after_ms: Some(u64::MAX), without_effect: false };
    let not_sent = Ended::Failed { class: Transient, retry_after_ms: None, without_effect: true };
    let exhausted = Verdict::Dead(Dead::Exhausted { attempts: 3 });
    let table = [
        (Allowed, tries(0, 0), Ended::Done, Verdict::Done),
        (Forbidden, tries(2, 9), Ended::Skip, Verdict::Skipped),
        (Allowed, tries(0, 0), Ended::Dead, Verdict::Dead(Dead::Given)),
        (Allowed, tries(0, 0), failed(Poison), Verdict::Dead(Dead::Poison)),
        (Forbidden, tries(0, 0), failed(Poison), Verdict::Dead(Dead::Poison)),
        // Transient: as often as it may, then dead.
        (Allowed, tries(0, 0), failed(Transient), again(1, 0, 100, Because::Failed)),
        (Allowed, tries(1, 0), failed(Transient), again(2, 0, 200, Because::Failed)),
        (Allowed, tries(2, 0), failed(Transient), exhausted),
        (Allowed, tries(2, 7), failed(Transient), exhausted),
        // Waiting burns nothing, however long.
        (Allowed, tries(2, 0), failed(RateLimited), again(2, 1, 100, Because::RateLimited)),
        (Allowed, tries(2, 99), failed(RateLimited), again(2, 100, 1000, Because::RateLimited)),
        (Allowed, tries(2, 4), failed(SinkDown), again(2, 5, 1000, Because::SinkDown)),
        (Forbidden, tries(2, 4), failed(SinkDown), again(2, 5, 1000, Because::SinkDown)),
        (Forbidden, tries(0, 0), failed(RateLimited), again(0, 1, 100, Because::RateLimited)),
        // Retry-After counts, with some jitter on top, and not beyond an hour.
        (Allowed, tries(0, 0), told, again(0, 1, 5100, Because::RateLimited)),
        (Allowed, tries(0, 0), told_too_long, again(1, 0, RETRY_AFTER_MS + 100, Because::Failed)),
        // What may have happened is repeated only where the guarantee bears it.
        (Allowed, tries(0, 0), failed(Ambiguous), again(1, 0, 100, Because::Failed)),
        (Allowed, tries(2, 0), failed(Ambiguous), exhausted),
        (Forbidden, tries(0, 0), failed(Ambiguous), Verdict::Dead(Dead::Ambiguous)),
        (Forbidden, tries(0, 0), failed(Transient), Verdict::Dead(Dead::Ambiguous)),
        // What surely did not happen is tried again under every guarantee, as often as it may.
        (Forbidden, tries(0, 0), not_sent, again(1, 0, 100, Because::Failed)),
        (Forbidden, tries(2, 0), not_sent, exhausted),
        // A handler that asks for another attempt gets it, and uses one up.
        (Allowed, tries(0, 0), Ended::Retry { after_ms: 7 }, again(1, 0, 7, Because::Asked)),
        (Forbidden, tries(1, 0), Ended::Retry { after_ms: 7 }, again(2, 0, 7, Because::Asked)),
        (Forbidden, tries(2, 0), Ended::Retry { after_ms: 7 }, exhausted),
    ];
    for (row, (repetition, tries, ended, expected)) in table.into_iter().enumerate() {
        assert_eq!(judge(&POLICY, repetition, tries, ended, MOST), expected, "row {row}");
    }
}

#[test]
fn reasons_of_a_pause_are_a_set() {
    let mut reasons = PauseReasons::default();
    assert!(reasons.add(PauseReason::SinkDown));
    assert!(!reasons.add(PauseReason::Parked));
    assert!(!reasons.add(PauseReason::Parked));
    assert!(!reasons.remove(PauseReason::SinkDown), "the other reason still holds");
    assert!(!reasons.remove(PauseReason::Queued), "it did not hold");
    assert_eq!(reasons.iter().collect::<Vec<_>>(), [PauseReason::Parked]);
    assert!(reasons.remove(PauseReason::Parked));
    assert!(!reasons.remove(PauseReason::Parked));
}

proptest! {
    #[test]
    fn backoff_doubles_up_to_the_longest(first in 0u64..1 << 40, longest in 0u64..1 << 40, tried in 0u32..200,
                                         random: u64) {
        let policy = RetryPolicy { attempts: 5, first_ms: first, longest_ms: longest };
        let mut ceiling = u128::from(first);
        for _ in 1..tried {
            ceiling = (ceiling * 2).min(u128::from(longest));
        }
        let ceiling = ceiling.min(u128::from(longest)) as u64;
        prop_assert!(policy.backoff_ms(tried, random) <= ceiling);
        prop_assert_eq!(policy.backoff_ms(tried, u64::MAX), ceiling);
        prop_assert_eq!(policy.backoff_ms(tried, 0), 0);
        let middle = policy.backoff_ms(tried, 1 << 63);
        prop_assert!(middle.abs_diff(ceiling / 2) <= 1, "{} of {}", middle, ceiling);
    }

    #[test]
    fn a_record_ends_after_its_attempts_whatever_else_it_waits_for(ends in prop::collection::vec(0u8..4, 0..60),
                                                                   attempts in 0u32..8) {
        let policy = RetryPolicy { attempts, ..POLICY };
        let mut tries = Tries::default();
        let mut burnt = 0;
        for end in ends {
            let class = [Transient, RateLimited, SinkDown, Ambiguous][usize::from(end)];
            let burns = matches!(class, Transient | Ambiguous);
            burnt += u32::from(burns);
            match judge(&policy, Repetition::Allowed, tries, failed(class), 0) {
                Verdict::Again { tries: next, .. } => tries = next,
                Verdict::Dead(Dead::Exhausted { attempts: used }) => {
                    prop_assert!(burns);
                    prop_assert_eq!(used, attempts.max(1));
                    prop_assert_eq!(used, burnt);
                    return Ok(());
                }
                other => prop_assert!(false, "{:?}", other),
            }
            prop_assert_eq!(tries.burnt, burnt);
            prop_assert!(burnt < attempts.max(1));
        }
    }
}
