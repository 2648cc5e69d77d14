//! `Lanes` against a plain list of records, each with its state.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Arrive {
        partition: u32,
        key: Option<u64>,
        identity: Option<u64>,
    },
    /// Comes and is given out at once, where it may.
    ArriveOut {
        partition: u32,
        key: Option<u64>,
        identity: Option<u64>,
    },
    Take {
        admit: u64,
    },
    Follow {
        nth: usize,
    },
    Settle {
        nth: usize,
    },
    Park {
        nth: usize,
        ms: u64,
    },
    Pass {
        ms: u64,
    },
    AdmitHeld,
    Drop {
        partition: u32,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let of = || (0..2u32, prop::option::weighted(0.8, 0..3u64), prop::option::weighted(0.5, 0..3u64));
    let arrive = of().prop_map(|(partition, key, identity)| Step::Arrive { partition, key, identity });
    let arrive_out = of().prop_map(|(partition, key, identity)| Step::ArriveOut { partition, key, identity });
    let step = prop_oneof![
        6 => arrive,
        3 => arrive_out,
        6 => prop_oneof![4 => Just(u64::MAX), 1 => any::<u64>()].prop_map(|admit| Step::Take { admit }),
        2 => any::<usize>().prop_map(|nth| Step::Follow { nth }),
        4 => any::<usize>().prop_map(|nth| Step::Settle { nth }),
        3 => (any::<usize>(), 0..20u64).prop_map(|(nth, ms)| Step::Park { nth, ms }),
        2 => (0..15u64).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::AdmitHeld),
        1 => (0..2u32).prop_map(|partition| Step::Drop { partition }),
    ];
    prop::collection::vec(step, 1..200)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waits,
    Out(Slot),
}

#[derive(Clone, Debug)]
struct Known {
    number: u64,
    arrival: Arrival,
    state: State,
    not_before: u64,
    holds_identity: bool,
    held: bool,
    orphan: bool,
}

/// Every unsettled record, oldest first.
struct Reference {
    order: Order,
    records: Vec<Known>,
    /// Held back, first come first.
    held: Vec<u64>,
    now: u64,
}

impl Reference {
    fn same_lane(&self, a: &Known, b: &Known) -> bool {
        let same_partition = a.arrival.partition == b.arrival.partition;
        a.number == b.number
            || match self.order {
                Order::Key => same_partition && a.arrival.key.is_some() && a.arrival.key == b.arrival.key,
                Order::Partition => same_partition,
                Order::None => false,
            }
    }

    fn before<'a>(&'a self, known: &'a Known) -> impl Iterator<Item = &'a Known> {
        self.records.iter().filter(|other| other.number < known.number && self.same_lane(other, known))
    }

    fn identity_is_free(&self, known: &Known) -> bool {
        let same = |other: &&Known| other.number != known.number && other.arrival.identity == known.arrival.identity;
        known.arrival.identity.is_none() || !self.records.iter().filter(same).any(|other| other.holds_identity)
    }

    fn may_run(&self, known: &Known) -> bool {
        known.state == State::Waits
            && !known.held
            && known.not_before <= self.now
            && self.before(known).next().is_none()
            && self.identity_is_free(known)
    }

    fn out(&self) -> Vec<Slot> {
        let slot = |known: &Known| if let State::Out(slot) = known.state { Some(slot) } else { None };
        self.records.iter().filter_map(slot).collect()
    }

    fn by_slot(&self, slot: Slot) -> Known {
        self.records.iter().find(|known| known.state == State::Out(slot)).unwrap().clone()
    }

    fn set(&mut self, number: u64, change: impl FnOnce(&mut Known)) {
        change(self.records.iter_mut().find(|known| known.number == number).unwrap());
    }

    fn gave_out(&mut self, number: u64, slot: Slot) {
        self.set(number, |known| {
            known.state = State::Out(slot);
            known.holds_identity = true;
        });
    }

    /// The record and those given out after it go back; the first keeps its identity. Orphans leave.
    fn parked(&mut self, slot: Slot, until: u64) {
        let first = self.by_slot(slot);
        let lane: Vec<Known> = self.records.iter().filter(|known| self.same_lane(known, &first)).cloned().collect();
        for Known { number, state, orphan, .. } in lane {
            let goes_back = number >= first.number && state != State::Waits;
            if goes_back && orphan {
                self.records.retain(|known| known.number != number);
                continue;
            }
            self.set(number, |known| {
                // The whole lane waits, also those before it, should they come back as well.
                if !first.orphan {
                    known.not_before = known.not_before.max(until);
                }
                if goes_back {
                    known.state = State::Waits;
                    known.holds_identity = number == first.number;
                }
            });
        }
        self.came_back(first.arrival.partition);
    }

    /// One of the partition that was held back may be asked about again.
    fn came_back(&mut self, partition: u32) {
        let records = &self.records;
        let of = |number: &u64| records.iter().any(|k| k.number == *number && k.arrival.partition == partition);
        if let Some(at) = self.held.iter().position(of) {
            let number = self.held.remove(at);
            self.set(number, |known| known.held = false);
        }
    }
}

fn settings(order: Order) -> LaneSettings {
    let budget = |records| Budget { records, bytes: 1 << 20 };
    LaneSettings { order, running: budget(3), queued: budget(20), parked: budget(10) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn agrees_with_a_plain_list(order in prop_oneof![Just(Order::Key), Just(Order::Partition), Just(Order::None)],
                                steps in steps()) {
        let mut lanes: Lanes<u64> = Lanes::new(settings(order));
        let mut reference = Reference { order, records: Vec::new(), held: Vec::new(), now: 0 };
        for (number, step) in (0..).zip(steps) {
            let now = reference.now;
            match step {
                Step::Arrive { partition, key, identity } => {
                    let arrival = Arrival { partition, key, identity, bytes: 1 };
                    lanes.arrive(arrival, number);
                    let state = State::Waits;
                    reference.records.push(Known { number, arrival, state, not_before: 0, holds_identity: false, held: false, orphan: false });
                }
                Step::ArriveOut { partition, key, identity } => {
                    let arrival = Arrival { partition, key, identity, bytes: 1 };
                    let state = State::Waits;
                    let known = Known { number, arrival, state, not_before: 0, holds_identity: false, held: false, orphan: false };
                    let may = reference.may_run(&known) && reference.out().len() < 3;
                    prop_assert_eq!(lanes.is_free(&arrival), may);
                    if may {
                        let slot = lanes.arrive_out(arrival, number);
                        reference.records.push(known);
                        reference.gave_out(number, slot);
                    }
                }
                Step::Take { admit } => {
                    let mut refused = Vec::new();
                    let admits = |number: &u64| {
                        let admitted = admit >> (number % 64) & 1 == 1;
                        if !admitted { refused.push(*number); }
                        admitted
                    };
                    let taken = lanes.next(now, admits);
                    for number in refused {
                        reference.set(number, |known| known.held = true);
                        reference.held.push(number);
                    }
                    if let Some(slot) = taken {
                        let number = *lanes.get(slot).unwrap();
                        let known = reference.records.iter().find(|known| known.number == number).unwrap();
                        prop_assert!(reference.may_run(known), "{:?} may not run", known);
                        reference.gave_out(number, slot);
                    } else if reference.out().len() < 3 {
                        let idle = reference.records.iter().find(|known| reference.may_run(known));
                        prop_assert!(idle.is_none(), "{:?} could run", idle);
                    }
                }
                Step::Follow { nth } if !reference.out().is_empty() => {
                    let slots = reference.out();
                    let first = slots[nth % slots.len()];
                    if let Some(slot) = lanes.follower(first, |_| true) {
                        let number = *lanes.get(slot).unwrap();
                        let leader = reference.by_slot(first);
                        let known = reference.records.iter().find(|known| known.number == number).unwrap();
                        prop_assert!(reference.same_lane(known, &leader));
                        prop_assert!(reference.before(known).all(|older| older.state != State::Waits));
                        prop_assert!(reference.identity_is_free(known));
                        reference.gave_out(number, slot);
                    }
                }
                Step::Settle { nth } if !reference.out().is_empty() => {
                    let slots = reference.out();
                    let slot = slots[nth % slots.len()];
                    let number = reference.by_slot(slot).number;
                    prop_assert_eq!(lanes.settle(slot), Some(number));
                    prop_assert_eq!(lanes.settle(slot), None);
                    let partition = reference.by_slot(slot).arrival.partition;
                    reference.records.retain(|known| known.number != number);
                    reference.came_back(partition);
                }
                Step::Park { nth, ms } if !reference.out().is_empty() => {
                    let slots = reference.out();
                    let slot = slots[nth % slots.len()];
                    prop_assert!(lanes.park(slot, now + ms));
                    prop_assert!(!lanes.park(slot, now + ms));
                    reference.parked(slot, now + ms);
                }
                Step::Follow { .. } | Step::Settle { .. } | Step::Park { .. } => {}
                Step::Pass { ms } => reference.now += ms,
                Step::AdmitHeld => {
                    lanes.admit_held();
                    reference.records.iter_mut().for_each(|known| known.held = false);
                    reference.held.clear();
                }
                Step::Drop { partition } => {
                    let mut dropped = lanes.drop_waiting(partition);
                    dropped.sort_unstable();
                    let goes = |known: &&Known| known.arrival.partition == partition && known.state == State::Waits;
                    let expected: Vec<u64> = reference.records.iter().filter(goes).map(|known| known.number).collect();
                    prop_assert_eq!(&dropped, &expected);
                    reference.records.retain(|known| !expected.contains(&known.number));
                    let stays = |known: &&mut Known| known.arrival.partition == partition;
                    reference.held.retain(|number| !expected.contains(number));
                    reference.records.iter_mut().filter(stays).for_each(|known| {
                        known.not_before = 0;
                        known.orphan = true;
                    });
                }
            }
            prop_assert_eq!(lanes.running().records, reference.out().len());
            let total = lanes.running().records + lanes.queued().records + lanes.parked().records;
            prop_assert_eq!(total, reference.records.len());
            prop_assert_eq!(lanes.is_empty(), reference.records.is_empty());
        }
        drain(&mut lanes, reference);
    }
}

/// Nothing is stuck: what is left runs to its end, each key in order.
fn drain(lanes: &mut Lanes<u64>, mut reference: Reference) {
    lanes.admit_held();
    for slot in reference.out() {
        lanes.settle(slot);
    }
    reference.records.retain(|known| known.state == State::Waits);
    while !reference.records.is_empty() {
        reference.now = reference.now.max(lanes.next_due_ms().unwrap_or(0));
        let slot = lanes.next(reference.now, |_| true).expect("a record is left and nothing runs");
        let number = lanes.settle(slot).expect("it is out");
        let known = reference.records.iter().find(|known| known.number == number).expect("known").clone();
        assert!(reference.before(&known).next().is_none(), "{number} overtakes");
        reference.records.retain(|known| known.number != number);
    }
    assert!(lanes.is_empty());
}

#[test]
fn a_failing_key_pauses_only_its_own_partition_and_leaves_the_others_their_budget() {
    let mut lanes: Lanes<u64> = Lanes::new(settings(Order::Key));
    let arrival = |partition, key| Arrival { partition, key: Some(key), identity: None, bytes: 1 };
    lanes.arrive(arrival(0, 1), 0);
    let failing = lanes.next(0, |_| true).unwrap();
    assert!(lanes.park(failing, 1000));
    for number in 1..10 {
        assert_eq!(lanes.full(0), None);
        lanes.arrive(arrival(0, 1), number);
    }
    assert_eq!(lanes.full(0), Some(Full::Parked));
    assert_eq!(lanes.full(1), None);
    assert_eq!(lanes.parked().records, 10);
    // The other partition flows.
    lanes.arrive(arrival(1, 1), 100);
    let other = lanes.next(0, |_| true).unwrap();
    assert_eq!(lanes.settle(other), Some(100));
    // When the key works again, its partition opens once half of the budget is free.
    for number in 0..10 {
        let slot = lanes.next(1000, |_| true).unwrap();
        assert_eq!(lanes.settle(slot), Some(number));
    }
    assert_eq!(lanes.full(0), None);
}

#[test]
fn a_full_queue_opens_again_at_half() {
    let mut lanes: Lanes<u64> = Lanes::new(settings(Order::Key));
    for number in 0..20 {
        assert_eq!(lanes.full(0), None);
        lanes.arrive(Arrival { partition: 0, key: Some(number), identity: None, bytes: 1 }, number);
    }
    for left in (11..20).rev() {
        let slot = lanes.next(0, |_| true).unwrap();
        lanes.settle(slot);
        assert_eq!(lanes.full(0), Some(Full::Queued), "{left} are left");
    }
    let slot = lanes.next(0, |_| true).unwrap();
    lanes.settle(slot);
    assert_eq!(lanes.full(0), None);
}

#[test]
fn hashes_differ_for_keys_that_nearly_agree() {
    let keys: std::collections::BTreeSet<u64> = (0..100_000).map(|n| hash(format!("user-{n}").as_bytes())).collect();
    assert_eq!(keys.len(), 100_000);
    assert_ne!(hash(b""), hash(b"\0"));
    assert_ne!(hash(b"a\0"), hash(b"a"));
}
