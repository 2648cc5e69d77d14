//! Two consumers over one partition, every interleaving: the position never passes undone work.
//!
//! The model drives the real [`PartitionProgress`] and [`Saved`]. Messages are bounded (the logs below), and so is the
//! one leader change that cuts a log; crashes, rebalances, lost owners that go on working, and topics deleted and
//! made again are not. To keep the states finite without a budget for faults, an assignment's number is only "the
//! current one" or "an earlier one", which is all that the code under test compares.
//!
//! Each rule of the code has a broken variant here that leaves it out, and must be caught.
mod delivery;
mod world;

use std::sync::atomic::Ordering::Relaxed;

use delivery::{Delivery, Variant};
use stateright::{Checker, HasDiscoveries, Model};
use world::{LONG, Log, SHORT};

fn holds(model: Delivery) {
    let checker = model.checker().threads(2).spawn_bfs().join();
    println!("{:?}: {} states, {} generated", checker.model().log, checker.unique_state_count(), checker.state_count());
    checker.assert_properties();
    assert!(checker.is_done());
    assert!(checker.model().skipped.load(Relaxed) > 0, "no restart ever skipped a finished record");
    assert!(checker.model().stale.load(Relaxed) > 0, "no completion ever came too late");
    assert!(checker.unique_state_count() <= 2_000_000, "{}", checker.unique_state_count());
}

#[test]
fn the_position_never_passes_undone_work_whatever_crashes_and_whoever_owns() {
    holds(Delivery::new(Variant::Real, &LONG, false));
}

#[test]
fn nor_when_the_log_is_cut_or_the_topic_made_again() {
    holds(Delivery::new(Variant::Real, &SHORT, true));
}

fn finds_a_loss(variant: Variant, log: &'static Log, log_changes: bool) {
    let model = Delivery::new(variant, log, log_changes);
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    assert!(checker.discovery("nothing is skipped or passed undone").is_some(), "{variant:?} was not caught");
}

#[test]
fn committing_what_was_read_loses() {
    finds_a_loss(Variant::CommitsWhatWasRead, &LONG, false);
}

#[test]
fn taking_completions_of_an_earlier_assignment_loses() {
    finds_a_loss(Variant::IgnoresAssignments, &LONG, false);
}

#[test]
fn committing_past_what_is_in_flight_at_a_revoke_loses() {
    finds_a_loss(Variant::RevokesWithoutDraining, &LONG, false);
}

#[test]
fn trusting_runs_of_another_topic_loses() {
    finds_a_loss(Variant::TrustsAnyTopic, &SHORT, true);
}

#[test]
fn trusting_runs_of_another_leader_epoch_loses() {
    finds_a_loss(Variant::TrustsAnyEpoch, &SHORT, true);
}
