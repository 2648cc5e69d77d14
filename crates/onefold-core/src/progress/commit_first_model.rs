//! At-most-once over the real progress: the commit comes first, and an effect never happens twice.
//!
//! A record is given up for finished when it is delivered, and its effect runs only when the commit past it was
//! answered well under the assignment that still holds. Two consumers, three messages; crashes, rebalances and owners
//! that do not know that they lost the partition are not bounded.

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::*;
use crate::identity::TopicId;

const MESSAGES: i64 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Variant {
    Real,
    /// Runs the effect as soon as the commit is sent.
    DoesNotWait,
    /// Runs the effect whatever the broker answered.
    IgnoresRefusals,
    /// The broker takes commits of former owners.
    UnfencedBroker,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Consumer {
    progress: Option<PartitionProgress>,
    /// Delivered, and waiting for the commit past them.
    waiting: Vec<i64>,
    /// Committed: handlers run them, whatever becomes of the assignment.
    running: Vec<i64>,
    commit: Option<InFlight>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum InFlight {
    Sent(i64),
    Answered { past: i64, well: bool },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    effects: [u8; MESSAGES as usize],
    committed: i64,
    owner: Option<usize>,
    consumers: [Consumer; 2],
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Assign(usize),
    Poll(usize),
    Send(usize),
    Arrive(usize),
    Answer(usize),
    Run(usize),
    /// The broker gives the partition away; its owner goes on until it finds out.
    Expire,
    Crash(usize),
}

struct CommitFirst(Variant);

impl CommitFirst {
    fn assign(&self, world: &mut World, at: usize) {
        let room = Room::Metadata { bytes: METADATA_BYTES };
        let progress = PartitionProgress::assigned(Assignment(1), TopicId::UNKNOWN, world.committed, None, room);
        let running = std::mem::take(&mut world.consumers[at].running);
        world.consumers[at] = Consumer { progress: Some(progress), running, ..Consumer::default() };
        world.owner = Some(at);
    }

    fn poll(&self, consumer: &mut Consumer) -> Option<()> {
        let progress = consumer.progress.as_mut().filter(|progress| progress.end() < MESSAGES)?;
        if let Delivered::New(ticket) = progress.delivered(progress.end(), Some(0), 1) {
            consumer.waiting.push(ticket.offset());
            let _ = progress.finished(ticket);
        }
        Some(())
    }

    fn send(&self, consumer: &mut Consumer) -> Option<()> {
        let past = consumer.progress.as_ref()?.commit(None).offset;
        consumer.commit = Some(InFlight::Sent(past));
        if self.0 == Variant::DoesNotWait {
            release(consumer, past);
        }
        Some(())
    }

    fn arrive(&self, world: &mut World, at: usize) -> Option<()> {
        let Some(InFlight::Sent(past)) = world.consumers[at].commit else { return None };
        let well = world.owner == Some(at) || self.0 == Variant::UnfencedBroker;
        if well {
            world.committed = past;
        }
        world.consumers[at].commit = Some(InFlight::Answered { past, well });
        Some(())
    }

    fn answer(&self, consumer: &mut Consumer) -> Option<()> {
        let Some(InFlight::Answered { past, well }) = consumer.commit else { return None };
        consumer.commit = None;
        if well || self.0 == Variant::IgnoresRefusals {
            release(consumer, past);
        } else {
            // A refusal says that the assignment is over.
            consumer.progress = None;
            consumer.waiting.clear();
        }
        Some(())
    }
}

fn release(consumer: &mut Consumer, past: i64) {
    let (committed, waiting) = consumer.waiting.iter().partition(|offset| **offset < past);
    consumer.waiting = waiting;
    consumer.running.extend::<Vec<i64>>(committed);
    consumer.running.sort_unstable();
}

impl Model for CommitFirst {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (at, consumer) in world.consumers.iter().enumerate() {
            if world.owner.is_none() {
                actions.push(Action::Assign(at));
            }
            actions.extend([Action::Poll(at), Action::Arrive(at), Action::Answer(at), Action::Crash(at)]);
            if consumer.commit.is_none() {
                actions.push(Action::Send(at));
            }
            if !consumer.running.is_empty() {
                actions.push(Action::Run(at));
            }
        }
        actions.push(Action::Expire);
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Assign(at) => self.assign(&mut world, at),
            Action::Poll(at) => self.poll(&mut world.consumers[at])?,
            Action::Send(at) => self.send(&mut world.consumers[at])?,
            Action::Arrive(at) => self.arrive(&mut world, at)?,
            Action::Answer(at) => self.answer(&mut world.consumers[at])?,
            Action::Run(at) => {
                let offset = world.consumers[at].running.remove(0);
                let effects = &mut world.effects[offset as usize];
                *effects = (*effects + 1).min(2);
            }
            Action::Expire => world.owner = None,
            Action::Crash(at) => {
                world.consumers[at] = Consumer::default();
                world.owner = world.owner.filter(|owner| *owner != at);
            }
        }
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no effect happens twice", |_, world: &World| {
                world.effects.iter().all(|times| *times < 2)
            }),
            // Without one that never fails, the checker stops as soon as every other one has its discovery.
            Property::always("the states are walked to the last", |_, _| true),
            Property::sometimes("each effect happens", |_, world: &World| world.effects == [1; MESSAGES as usize]),
            Property::sometimes("an effect is lost, as the guarantee says", |_, world: &World| {
                let idle = world.consumers.iter().all(|consumer| *consumer == Consumer::default());
                idle && world.committed == MESSAGES && world.effects.contains(&0)
            }),
        ]
    }
}

#[test]
fn committed_first_no_effect_happens_twice() {
    let checker = CommitFirst(Variant::Real).checker().threads(2).spawn_bfs().join();
    println!("commit-first model: {} states, {} generated", checker.unique_state_count(), checker.state_count());
    checker.assert_properties();
    assert!(checker.unique_state_count() <= 2_000_000, "{}", checker.unique_state_count());
}

fn repeats(variant: Variant) {
    let checker = CommitFirst(variant).checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    assert!(checker.discovery("no effect happens twice").is_some(), "{variant:?} was not caught");
}

#[test]
fn an_effect_that_does_not_wait_for_the_answer_repeats() {
    repeats(Variant::DoesNotWait);
}

#[test]
fn an_effect_after_a_refused_commit_repeats() {
    repeats(Variant::IgnoresRefusals);
}

#[test]
fn commits_that_are_not_fenced_repeat() {
    repeats(Variant::UnfencedBroker);
}
