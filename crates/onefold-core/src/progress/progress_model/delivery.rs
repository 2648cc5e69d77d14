//! What can happen, and what it does, with one rule left out in each broken variant.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use stateright::{Model, Property};

use super::world::*;
use crate::progress::*;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Variant {
    Real,
    /// Commits where reading stands, as most peers do.
    CommitsWhatWasRead,
    /// Takes completions of an earlier assignment for its own.
    IgnoresAssignments,
    /// Does not wait for the records in flight at a revoke, and commits past them.
    RevokesWithoutDraining,
    /// Takes saved runs whatever topic they belong to.
    TrustsAnyTopic,
    /// Takes saved runs whatever leader epoch a record has.
    TrustsAnyEpoch,
}
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Assign(usize),
    /// The next record; behind the last one, the position past the control record.
    Poll(usize),
    /// The position past the control record in the middle, before the next record is there.
    PassControl(usize),
    Finish(usize, i64),
    FinishStale(usize, i64),
    /// Sent and taken in one step: the broker refuses those of former owners, and what was finished when a commit
    /// was sent is finished when it arrives.
    Commit(usize),
    CloseForRevoke(usize),
    Leave(usize),
    /// The broker gives the partition away while the consumer is at work. What its handlers do still takes effect.
    Expire,
    Crash(usize),
    MakeTopicAgain,
    CutLog,
}

pub(super) struct Delivery {
    pub(super) variant: Variant,
    pub(super) log: &'static Log,
    /// Whether the topic may be made again and its log be cut.
    pub(super) log_changes: bool,
    pub(super) skipped: AtomicUsize,
    pub(super) stale: AtomicUsize,
}
impl Delivery {
    pub(super) fn new(variant: Variant, log: &'static Log, log_changes: bool) -> Delivery {
        Delivery { variant, log, log_changes, skipped: AtomicUsize::new(0), stale: AtomicUsize::new(0) }
    }

    fn is(&self, variant: Variant) -> bool {
        self.variant == variant
    }

    fn assign(&self, world: &mut World, at: usize) {
        forget_assignment(&mut world.consumers[at]);
        world.owner = Some(at);
        let topic_id = topic_id(world.topic);
        let committed = world.committed.as_ref();
        let saved = committed.map(|commit| {
            let of_topic = if self.is(Variant::TrustsAnyTopic) { topic_id_in(commit) } else { topic_id };
            Saved::read(Some(commit.metadata.as_bytes()), of_topic, commit.offset, commit.leader_epoch)
        });
        // A commit of another topic of this name says nothing about this one.
        let start = match saved {
            Some(Err(Ignored::OtherTopic)) | None => 0,
            _ => committed.map_or(0, |commit| commit.offset),
        };
        let mut saved = saved.and_then(Result::ok);
        if self.is(Variant::TrustsAnyEpoch) {
            saved.iter_mut().for_each(|saved| saved.leader_epoch = None);
        }
        let room = Room::Metadata { bytes: METADATA_BYTES };
        world.consumers[at].progress = Some(PartitionProgress::assigned(CURRENT, topic_id, start, saved, room));
        world.lost |= self.log.undone_below(world, start);
    }

    fn poll(&self, world: &mut World, at: usize) {
        let epoch_of_last = i32::from(world.cut);
        let Some(progress) = &mut world.consumers[at].progress else { return };
        let Some(index) = self.log.messages.iter().position(|offset| *offset >= progress.end()) else {
            return progress.passed(self.log.end);
        };
        let offset = self.log.messages[index];
        let epoch = if offset >= self.log.cut { epoch_of_last } else { 0 };
        match progress.delivered(offset, Some(epoch), 1) {
            Delivered::New(ticket) => world.consumers[at].open.push(ticket),
            Delivered::Done => {
                self.skipped.fetch_add(1, Relaxed);
                world.lost |= world.effects >> index & 1 == 0;
            }
            Delivered::InFlight | Delivered::Closed => {}
        }
    }

    fn finish_stale(&self, world: &mut World, at: usize, offset: i64) {
        let consumer = &mut world.consumers[at];
        let Some(mut ticket) = take(&mut consumer.stale, offset) else { return };
        world.effects |= self.log.effect_of(offset);
        if self.is(Variant::IgnoresAssignments) {
            ticket.assignment = CURRENT;
        }
        if let Some(progress) = &mut consumer.progress
            && progress.finished(ticket) == Finished::Stale
        {
            self.stale.fetch_add(1, Relaxed);
        }
    }

    fn commit_of(&self, progress: &PartitionProgress) -> Committed {
        let commit = progress.commit(None);
        let reads_on = self.is(Variant::CommitsWhatWasRead) || self.leaks_at_revoke(progress);
        let offset = if reads_on { progress.end() } else { commit.offset };
        Committed { offset, leader_epoch: commit.leader_epoch, metadata: commit.metadata }
    }

    fn leaks_at_revoke(&self, progress: &PartitionProgress) -> bool {
        self.is(Variant::RevokesWithoutDraining) && progress.is_closed()
    }
}
impl Model for Delivery {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let consumers = Default::default();
        vec![World { topic: 0, cut: false, effects: 0, committed: None, owner: None, consumers, lost: false }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (at, consumer) in world.consumers.iter().enumerate() {
            if world.owner.is_none() {
                actions.push(Action::Assign(at));
            }
            actions.extend(consumer.open.iter().map(|ticket| Action::Finish(at, ticket.offset)));
            actions.extend(consumer.stale.iter().map(|ticket| Action::FinishStale(at, ticket.offset)));
            let Some(progress) = &consumer.progress else { continue };
            actions.extend([Action::Poll(at), Action::PassControl(at), Action::Crash(at)]);
            actions.extend([Action::Commit(at), Action::CloseForRevoke(at)]);
            if progress.is_closed() {
                actions.push(Action::Leave(at));
            }
        }
        if world.owner.is_some() {
            actions.push(Action::Expire);
        }
        if self.log_changes {
            actions.extend([Action::MakeTopicAgain, Action::CutLog]);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Assign(at) => self.assign(&mut world, at),
            Action::Poll(at) => self.poll(&mut world, at),
            Action::PassControl(at) => {
                let progress = world.consumers[at].progress.as_mut().filter(|progress| progress.end() == 1)?;
                progress.passed(2);
            }
            Action::Finish(at, offset) => {
                let consumer = &mut world.consumers[at];
                let ticket = take(&mut consumer.open, offset)?;
                world.effects |= self.log.effect_of(offset);
                let _ = consumer.progress.as_mut()?.finished(ticket);
            }
            Action::FinishStale(at, offset) => self.finish_stale(&mut world, at, offset),
            Action::Commit(at) => {
                world.committed = Some(self.commit_of(world.consumers[at].progress.as_ref()?));
            }
            Action::CloseForRevoke(at) => world.consumers[at].progress.as_mut()?.close(),
            Action::Leave(at) => {
                forget_assignment(&mut world.consumers[at]);
                world.owner = None;
            }
            Action::Expire => {
                forget_assignment(&mut world.consumers[world.owner?]);
                world.owner = None;
            }
            Action::Crash(at) => {
                world.consumers[at] = Consumer::default();
                world.owner = world.owner.filter(|owner| *owner != at);
            }
            Action::MakeTopicAgain => {
                // The old topic's handlers end without a trace in the new one.
                world.consumers = Default::default();
                let topic = world.committed.as_ref().map_or(0, |commit| u8::from(topic_id_in(commit) == topic_id(0)));
                world = World { topic, cut: false, effects: 0, owner: None, ..world };
            }
            Action::CutLog => {
                // A consumer that read what was cut halts (its position is beyond the log), and so does a commit there.
                if world.cut || world.committed.as_ref().is_some_and(|commit| commit.offset > self.log.cut) {
                    return None;
                }
                for consumer in &mut world.consumers {
                    if consumer.progress.as_ref().is_some_and(|progress| progress.end() > self.log.cut) {
                        *consumer = Consumer::default();
                    }
                    consumer.stale.retain(|ticket| ticket.offset < self.log.cut);
                }
                world.owner = world.owner.filter(|owner| world.consumers[*owner].progress.is_some());
                world.effects &= !self.log.effect_of(self.log.cut);
                world.cut = true;
            }
        }
        order_consumers(&mut world);
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is skipped or passed undone", |_, world: &World| !world.lost),
            Property::always("what is finished reaches the position", |model: &Delivery, world: &World| {
                world.consumers.iter().all(|consumer| {
                    let all_in = consumer.progress.as_ref().filter(|progress| progress.end() == model.log.end);
                    all_in.is_none_or(|progress| !consumer.open.is_empty() || progress.position() == model.log.end)
                })
            }),
            // Without one that never fails, the checker stops as soon as every other one has its discovery.
            Property::always("the states are walked to the last", |_, _| true),
            Property::sometimes("all is committed", |model: &Delivery, world: &World| {
                let end = |commit: &Committed| commit.offset == model.log.end;
                !model.log.undone_below(world, model.log.end) && world.committed.as_ref().is_some_and(end)
            }),
            Property::sometimes("a restart knows what was finished beyond a gap", |_, world: &World| {
                let knows =
                    |progress: &PartitionProgress| progress.in_flight() == 0 && progress.done_above().next().is_some();
                world.consumers.iter().any(|consumer| consumer.progress.as_ref().is_some_and(knows))
            }),
            Property::sometimes("two consumers work on one record", |_, world: &World| {
                let [a, b] = &world.consumers;
                let both = |a: &Consumer, b: &Consumer| {
                    a.open.iter().any(|ticket| b.stale.iter().any(|other| other.offset == ticket.offset))
                };
                both(a, b) || both(b, a)
            }),
        ]
    }
}
