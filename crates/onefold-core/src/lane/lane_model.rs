//! Six records of three keys and three identities, every interleaving of workers, retries and rebalances.
//!
//! The model drives the real [`Lanes`]. Records are bounded; retries, and partitions that go and come back, are not:
//! time is only "before" and "after" what parked records wait for. A partition that comes back delivers all that is
//! not settled, also what is still in the hands of handlers from before.

use std::hash::{Hash, Hasher};

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::chain::State as LaneState;
use super::*;

/// (key, identity) of each record, in the order of delivery.
const RECORDS: [(Option<u64>, u64); 6] =
    [(Some(1), 7), (Some(1), 8), (Some(2), 7), (Some(1), 9), (None, 8), (Some(3), 7)];
const DUE: u64 = 1;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Variant {
    Real,
    /// Every record gets a lane of its own.
    NoLanes,
    /// The lanes are not told identities.
    NoIdentities,
    /// A worker that goes on with the follower of a record that failed.
    KeepsFollowers,
    /// What progress holds back is never asked about again.
    ForgetsHeld,
}

/// The lanes and what the world around them knows.
#[derive(Clone, Debug)]
struct World {
    lanes: Lanes<usize>,
    /// Records that are still to be delivered, lowest first.
    coming: Vec<usize>,
    out: Vec<(usize, Slot)>,
    /// Tried, and neither settled nor dropped nor given back untried: nobody else may have their identity.
    holding: [bool; RECORDS.len()],
    settled: [bool; RECORDS.len()],
    fault: Option<&'static str>,
}

/// All of the lanes that decides what they do next, without the numbers of slots.
type View = (Vec<(LaneState, Vec<(usize, bool, bool)>, Option<u64>)>, [Vec<usize>; 5]);

impl World {
    fn view(&self) -> View {
        let chain = |index: u32| {
            let mut at = self.lanes.lanes.get(index).map(|lane| lane.oldest);
            let mut chain = Vec::new();
            while let Some(item) = at.and_then(|at| self.lanes.items.get(at)) {
                chain.push((item.value, item.is_out, item.is_orphan));
                at = Some(item.newer);
            }
            chain
        };
        let first = |index: &u32| chain(*index).first().map_or(usize::MAX, |(value, ..)| *value);
        let of_lane = |index: u32| {
            let lane = self.lanes.lanes.get(index)?;
            Some((lane.state, chain(index), lane.park_after))
        };
        let mut lanes: Vec<_> = self.lanes.lanes.indices().filter_map(of_lane).collect();
        lanes.sort_by_key(|(_, chain, _)| chain.first().copied());
        let [seven, eight, nine] =
            [7, 8, 9].map(|identity| self.lanes.identities.waiting(identity).iter().map(first).collect());
        let ready = self.lanes.ready.iter().map(first).collect();
        (lanes, [ready, self.lanes.held.iter().map(first).collect(), seven, eight, nine])
    }

    fn known(&self) -> impl Hash + Eq {
        let out: Vec<usize> = self.out.iter().map(|(record, _)| *record).collect();
        (self.view(), self.coming.clone(), out, self.holding, self.settled, self.fault)
    }

    fn slot(&self, record: usize) -> Option<Slot> {
        self.out.iter().find(|(out, _)| *out == record).map(|(_, slot)| *slot)
    }

    fn older_unsettled(&self, record: usize) -> impl Iterator<Item = usize> {
        let key = RECORDS[record].0;
        (0..record).filter(move |older| key.is_some() && RECORDS[*older].0 == key && !self.settled[*older])
    }

    fn gave_out(&mut self, slot: Slot, after: Option<usize>) {
        let Some(record) = self.lanes.get(slot).copied() else { return };
        let out_of_order = match after {
            None => self.older_unsettled(record).next().is_some(),
            Some(_) => self.older_unsettled(record).any(|older| self.slot(older).is_none()),
        };
        let identity = RECORDS[record].1;
        let twice =
            (0..RECORDS.len()).any(|other| other != record && self.holding[other] && RECORDS[other].1 == identity);
        if out_of_order {
            self.fault = Some("overtakes");
        } else if twice {
            self.fault = Some("one identity twice");
        }
        self.holding[record] = true;
        self.out.push((record, slot));
        self.out.sort_unstable();
    }

    fn effect(&mut self, record: usize) {
        if self.older_unsettled(record).next().is_some() {
            self.fault = Some("overtakes");
        }
        self.settled[record] = true;
        self.holding[record] = false;
        self.out.retain(|(out, _)| *out != record);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.known() == other.known()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.known().hash(state);
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Arrive,
    Take {
        now: u64,
    },
    /// Progress has no room for a gap: everything that would be taken is held back.
    TakeNothing,
    AdmitHeld,
    Follow(usize),
    Settle(usize),
    Park(usize),
    Rebalance,
}

struct Workers(Variant);

impl Workers {
    fn arrive(&self, world: &mut World) {
        let record = world.coming.remove(0);
        let (key, identity) = RECORDS[record];
        let identity = (self.0 != Variant::NoIdentities).then_some(identity);
        world.lanes.arrive(Arrival { partition: 0, key, identity, bytes: 1 }, record);
    }

    fn park(&self, world: &mut World, record: usize) -> Option<()> {
        world.lanes.park(world.slot(record)?, DUE);
        let is_back = |slot: &Slot| world.lanes.items.checked(*slot).is_none_or(|item| !item.is_out);
        let back: Vec<(usize, Slot)> = world.out.iter().copied().filter(|(_, slot)| is_back(slot)).collect();
        for (came, slot) in back {
            world.out.retain(|(out, _)| *out != came);
            world.holding[came] = came == record && world.lanes.get(slot).is_some();
            if came != record && self.0 == Variant::KeepsFollowers {
                world.effect(came);
            }
        }
        Some(())
    }

    /// The partition goes and comes back: all that is not settled is delivered again, also what handlers still have.
    fn rebalance(&self, world: &mut World) {
        for record in world.lanes.drop_waiting(0) {
            world.holding[record] = world.slot(record).is_some();
        }
        world.coming = (0..RECORDS.len()).filter(|record| !world.settled[*record]).collect();
    }
}

impl Model for Workers {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let order = if self.0 == Variant::NoLanes { Order::None } else { Order::Key };
        let running = Budget { records: 3, bytes: 1 << 20 };
        let lanes = Lanes::new(LaneSettings { order, running, ..LaneSettings::default() });
        let none = [false; RECORDS.len()];
        let coming = (0..RECORDS.len()).collect();
        vec![World { lanes, coming, out: Vec::new(), holding: none, settled: none, fault: None }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if !world.coming.is_empty() {
            actions.push(Action::Arrive);
        }
        actions.extend([Action::Take { now: 0 }, Action::Take { now: DUE }, Action::TakeNothing, Action::Rebalance]);
        if self.0 != Variant::ForgetsHeld {
            actions.push(Action::AdmitHeld);
        }
        for (record, _) in &world.out {
            actions.push(Action::Park(*record));
            // A worker settles in the order in which it ran.
            if world.older_unsettled(*record).next().is_none() || self.0 == Variant::NoLanes {
                actions.push(Action::Settle(*record));
            }
            actions.push(Action::Follow(*record));
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Arrive => self.arrive(&mut world),
            Action::Take { now } => {
                let slot = world.lanes.next(now, |_| true);
                slot.into_iter().for_each(|slot| world.gave_out(slot, None));
            }
            Action::TakeNothing => assert!(world.lanes.next(0, |_| false).is_none()),
            Action::AdmitHeld => world.lanes.admit_held(),
            Action::Follow(record) => {
                let slot = world.lanes.follower(world.slot(record)?, |_| true)?;
                world.gave_out(slot, Some(record));
            }
            Action::Settle(record) => {
                world.lanes.settle(world.slot(record)?);
                world.effect(record);
            }
            Action::Park(record) => self.park(&mut world, record)?,
            Action::Rebalance => self.rebalance(&mut world),
        }
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("keys keep their order", |_, world: &World| world.fault != Some("overtakes")),
            Property::always("an identity runs once at a time", |_, world: &World| {
                world.fault != Some("one identity twice")
            }),
            Property::always("something can always run", |model: &Workers, world: &World| {
                let mut lanes = world.lanes.clone();
                if model.0 != Variant::ForgetsHeld {
                    lanes.admit_held();
                }
                !world.out.is_empty() || lanes.is_empty() || lanes.next(DUE, |_| true).is_some()
            }),
            Property::always("the running budget is kept", |_, world: &World| {
                world.lanes.running().records == world.out.len() && world.out.len() <= 3
            }),
            // Without one that never fails, the checker stops as soon as every other one has its discovery.
            Property::always("the states are walked to the last", |_, _| true),
            Property::sometimes("all are settled", |_, world: &World| world.settled.iter().all(|settled| *settled)),
            Property::sometimes("a key waits while the other runs", |_, world: &World| {
                world.lanes.parked_lanes() > 0 && !world.out.is_empty()
            }),
            Property::sometimes("a lane waits for an identity of another", |_, world: &World| {
                world.view().0.iter().any(|(state, ..)| matches!(state, LaneState::Identity(_)))
            }),
        ]
    }
}

#[test]
fn keys_keep_their_order_and_nothing_is_stuck_whatever_fails_and_comes_back() {
    let checker = Workers(Variant::Real).checker().threads(2).spawn_bfs().join();
    println!("lane model: {} states, {} generated", checker.unique_state_count(), checker.state_count());
    checker.assert_properties();
    assert!(checker.is_done());
    assert!(checker.unique_state_count() <= 2_000_000, "{}", checker.unique_state_count());
}

fn breaks(variant: Variant, property: &'static str) {
    let checker = Workers(variant).checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    assert!(checker.discovery(property).is_some(), "{variant:?} was not caught");
}

#[test]
fn without_lanes_keys_lose_their_order() {
    breaks(Variant::NoLanes, "keys keep their order");
}

#[test]
fn a_worker_that_goes_on_after_a_failure_loses_the_order() {
    breaks(Variant::KeepsFollowers, "keys keep their order");
}

#[test]
fn without_identities_one_event_runs_twice_at_once() {
    breaks(Variant::NoIdentities, "an identity runs once at a time");
}

#[test]
fn what_is_held_back_and_forgotten_is_stuck() {
    breaks(Variant::ForgetsHeld, "something can always run");
}
