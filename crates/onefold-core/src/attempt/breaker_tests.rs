//! One failing key never opens the breaker; a sink that is down opens it, and one probe at a time finds out.

use proptest::prelude::*;

use super::*;
use crate::outcome::ErrorClass;

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings {
        lasts_ms: 1000,
        probe_first_ms: 100,
        probe_longest_ms: 400,
        probe_patience_ms: 20_000,
    })
}

#[test]
fn a_connection_that_fails_is_transient_until_it_lasts_and_then_the_sink_is_down() {
    let mut breaker = breaker();
    assert_eq!(breaker.found_down(0, 1, DownReason::Unreachable, 0), ErrorClass::Transient);
    assert_eq!(breaker.found_down(500, 2, DownReason::Unreachable, 0), ErrorClass::Transient);
    assert_eq!(breaker.gate(500), Gate::Open);
    assert_eq!(breaker.found_down(1000, 3, DownReason::Unreachable, 0), ErrorClass::SinkDown);
    assert!(breaker.is_down());
    assert_eq!(breaker.down_since_ms(), Some(0));
    assert_eq!(breaker.reasons().iter().collect::<Vec<_>>(), [DownReason::Unreachable]);
}

#[test]
fn an_answer_in_between_starts_the_count_again() {
    let mut breaker = breaker();
    assert_eq!(breaker.found_down(0, 1, DownReason::Unreachable, 0), ErrorClass::Transient);
    breaker.answered();
    assert_eq!(breaker.found_down(1000, 2, DownReason::Unreachable, 0), ErrorClass::Transient);
    assert_eq!(breaker.gate(1000), Gate::Open);
}

#[test]
fn a_denied_key_waits_alone_and_two_of_them_open_the_breaker() {
    let mut breaker = breaker();
    assert_eq!(breaker.found_down(0, 1, DownReason::Denied, 0), ErrorClass::SinkDown);
    assert_eq!(breaker.gate(0), Gate::Open);
    assert_eq!(breaker.found_down(1, 2, DownReason::Missing, 0), ErrorClass::SinkDown);
    assert!(breaker.is_down());
    assert_eq!(breaker.reasons().iter().collect::<Vec<_>>(), [DownReason::Denied, DownReason::Missing]);
}

#[test]
fn one_probe_at_a_time_with_longer_waits_until_an_answer() {
    let mut breaker = breaker();
    let _ = breaker.found_down(0, 1, DownReason::Told, 0);
    let _ = breaker.found_down(0, 2, DownReason::Told, 0);
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let Gate::Shut { until_ms } = breaker.gate(now) else { panic!("{:?}", breaker.gate(now)) };
        waits.push(until_ms - now);
        now = until_ms;
        assert_eq!(breaker.gate(now), Gate::Probe);
        breaker.probe_started();
        assert!(matches!(breaker.gate(now + 19_999), Gate::Shut { .. }), "one at a time");
        assert_eq!(breaker.gate(now + 20_000), Gate::Probe, "a probe that nobody ended does not shut it for ever");
        let _ = breaker.found_down(now, 3, DownReason::Told, u64::MAX);
    }
    assert_eq!(waits, [50, 200, 400, 400]);
    breaker.probe_started();
    breaker.probe_lost();
    assert_eq!(breaker.gate(u64::MAX), Gate::Probe);
    breaker.answered();
    assert_eq!(breaker.gate(now), Gate::Open);
    assert_eq!(breaker.reasons().iter().count(), 0);
}

#[test]
fn stragglers_from_before_it_opened_do_not_move_the_probe() {
    let mut breaker = breaker();
    let _ = breaker.found_down(0, 1, DownReason::Told, 0);
    let _ = breaker.found_down(0, 2, DownReason::Told, 0);
    let before = breaker.gate(0);
    assert_eq!(breaker.found_down(40, 9, DownReason::Unreachable, 0), ErrorClass::SinkDown);
    assert_eq!(breaker.gate(0), before);
}

#[test]
fn what_the_sink_says_of_itself_needs_no_second_key() {
    let mut breaker = breaker();
    assert_eq!(breaker.found_down(0, 1, DownReason::Itself, 0), ErrorClass::SinkDown);
    assert!(breaker.is_down());
    breaker.answered();
    let _ = breaker.found_down(0, 1, DownReason::Told, 0);
    assert!(!breaker.is_down());
    let _ = breaker.found_down(1, 1, DownReason::Itself, 0);
    assert!(breaker.is_down(), "also after a record's own word");
}

proptest! {
    #[test]
    fn one_failing_key_never_opens_it(reports in prop::collection::vec((0u64..5000, 0usize..5, any::<u64>()), 0..100)) {
        let mut breaker = breaker();
        let mut now = 0;
        for (step, what, random) in reports {
            now += step;
            match DownReason::ALL.get(what).filter(|reason| **reason != DownReason::Itself) {
                Some(reason) => { let _ = breaker.found_down(now, 13, *reason, random); }
                None => breaker.answered(),
            }
            prop_assert_eq!(breaker.gate(now), Gate::Open);
        }
    }
}
