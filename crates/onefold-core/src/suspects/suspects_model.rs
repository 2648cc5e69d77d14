//! Four records, killers among them, and a process that is killed at any point: every interleaving.
//!
//! The model drives the real [`Suspects`], once with notes that travel with the commit of the position, once with notes
//! beside a sink that moves the position with the effect. Kills from outside and by others, failed attempts, clean ends and notes that
//! become durable without an answer are not bounded; the run of a killer always ends the process.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::*;

const END: i64 = 5;
const CRASHES: u32 = 2;
const FEW: i64 = 2;
const SETTINGS: SuspectsSettings = SuspectsSettings { crashes: CRASHES, window: 3, watched: 4, few: FEW };
/// A killer may kill once a position (as one of many in flight) and once more, and so often alone.
const MOST_KILLS: u32 = END as u32 + 1 + CRASHES;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Variant {
    Real,
    /// Runs a suspect before the note says so.
    DoesNotWait,
    /// A suspect that came back stays charged while it waits for its next attempt.
    ChargesWhatRests,
    /// The next owner forgets what the note says.
    ForgetsNotes,
    /// The rest of the process goes on as soon as the suspect came back.
    OpensTheGateEarly,
    /// Takes in what the note will say soon.
    RunsAheadOfTheNote,
    /// A set that moves on is as long as the window, whatever of it is not settled.
    SetsGrow,
}

/// Where positions are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Carrier {
    Commit,
    Sink,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    // What is durable.
    note: Option<Note>,
    done: BTreeSet<i64>,
    // The process, if it is up.
    up: Option<Process>,
    // What the world knows.
    dead: BTreeSet<i64>,
    /// How often the process ended while this record ran alone, and how often by its own doing.
    hits: [u32; END as usize],
    kills: [u32; END as usize],
    passed_undone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    suspects: Suspects,
    /// Settled as far as this process knows.
    done: BTreeSet<i64>,
    next: i64,
    waiting: BTreeSet<i64>,
    running: BTreeSet<i64>,
    /// Begun to run alone, and not come back.
    alone: Option<i64>,
    /// The same as of the last write: whom an end of the process hits.
    at_stake: Option<i64>,
}

fn position(done: &BTreeSet<i64>) -> i64 {
    (0..END).find(|offset| !done.contains(offset)).unwrap_or(END)
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Open,
    Reach,
    Take,
    Call,
    Run(i64),
    Finish(i64),
    Fail(i64),
    /// The note (and with it the position, where they travel together) is durable, and the process knows.
    Write,
    /// It is durable, and the answer never came.
    Lands,
    Leave,
    /// From outside, at any time.
    Kill,
    /// A killer elsewhere in the process runs: only where the gate lets it.
    OtherKills,
}

struct Killers {
    variant: Variant,
    carrier: Carrier,
    killers: &'static [i64],
}

impl Killers {
    fn open(&self, world: &mut World) -> Option<()> {
        let before = world.note.filter(|_| self.variant != Variant::ForgetsNotes);
        let at = position(&world.done);
        let suspects = Suspects::opened(before, at, END, SETTINGS);
        let empty = BTreeSet::new();
        let (done, waiting, running) = (world.done.clone(), empty.clone(), empty);
        world.up.is_none().then_some(())?;
        world.up = Some(Process { suspects, done, next: at, waiting, running, alone: None, at_stake: None });
        Some(())
    }

    /// What a record's place is durable with.
    fn lands(&self, world: &mut World) -> Option<()> {
        let up = world.up.as_mut()?;
        world.note = Some(up.suspects.note().1);
        up.at_stake = up.alone;
        if self.carrier == Carrier::Commit {
            world.done = up.done.clone();
        }
        Some(())
    }

    fn write(&self, world: &mut World) -> Option<()> {
        self.lands(world)?;
        let at = position(&world.done);
        let up = world.up.as_mut()?;
        up.suspects.durable(up.suspects.note().0, at);
        Some(())
    }

    fn reach(&self, up: &mut Process) {
        let unsettled = match self.variant {
            Variant::SetsGrow => 0,
            _ => up.waiting.len() + up.running.len(),
        };
        up.suspects.reached(up.next, unsettled, END);
    }

    fn take(&self, up: &mut Process) -> Option<()> {
        while up.done.contains(&up.next) {
            up.next += 1;
        }
        let is_noted = self.variant == Variant::RunsAheadOfTheNote && up.next < up.suspects.note().1.horizon;
        let is_free = up.next < up.suspects.limit() || is_noted;
        // Nothing is read before the first note is durable.
        let opened = up.suspects.note().0 > 1 || up.suspects.is_durable();
        (up.next < END && is_free && opened).then(|| {
            up.waiting.insert(up.next);
            up.next += 1;
        })
    }

    fn call(&self, world: &mut World) -> Option<()> {
        let up = world.up.as_mut()?;
        let at = position(&up.done);
        let opened = up.suspects.note().0 > 1 || up.suspects.is_durable();
        let is_quiet = up.running.is_empty() && opened && at < END;
        match up.suspects.call(at).filter(|_| is_quiet)? {
            Call::Run => {
                up.suspects.begin(at);
                up.alone = Some(at);
                if self.variant == Variant::DoesNotWait {
                    up.waiting.insert(at);
                    up.next = up.next.max(at + 1);
                }
            }
            Call::Dead { .. } => {
                up.suspects.bury(at);
                up.next = up.next.max(at + 1);
                up.waiting.remove(&at);
                world.dead.insert(at);
                self.settle(world, at);
            }
        }
        Some(())
    }

    fn run(&self, world: &mut World, offset: i64) -> Option<()> {
        let up = world.up.as_mut()?;
        let may = up.suspects.may_run(offset)
            || (self.variant == Variant::DoesNotWait && up.suspects.turn() == Some((offset, true)));
        (may && up.waiting.remove(&offset)).then_some(())?;
        up.running.insert(offset);
        if self.killers.contains(&offset) {
            world.kills[offset as usize] = (world.kills[offset as usize] + 1).min(MOST_KILLS + 1);
            self.end(world);
        }
        Some(())
    }

    fn settle(&self, world: &mut World, offset: i64) {
        let Some(up) = world.up.as_mut() else { return };
        up.running.remove(&offset);
        up.alone = up.alone.filter(|alone| *alone != offset);
        up.done.insert(offset);
        let at = position(&up.done);
        up.suspects.settled(at);
        if self.carrier == Carrier::Sink {
            world.done.insert(offset);
            up.suspects.durable(0, at);
            // The position passed it for good: nobody can charge it any more.
            up.at_stake = up.at_stake.filter(|alone| *alone != offset);
        }
    }

    fn fail(&self, up: &mut Process, offset: i64) {
        up.running.remove(&offset);
        up.waiting.insert(offset);
        up.alone = None;
        if self.variant != Variant::ChargesWhatRests {
            up.suspects.rests(offset);
        }
    }

    fn leave(&self, world: &mut World) -> Option<()> {
        let up = world.up.as_mut().filter(|up| up.running.is_empty())?;
        up.suspects.close();
        self.lands(world)?;
        world.up = None;
        Some(())
    }

    fn other_kills(&self, world: &mut World) -> Option<()> {
        let up = world.up.as_ref()?;
        let is_shut = up.alone.is_some() || (up.at_stake.is_some() && self.variant != Variant::OpensTheGateEarly);
        (!is_shut).then(|| world.up = None)
    }

    fn end(&self, world: &mut World) {
        if let Some(alone) = world.up.take().and_then(|up| up.at_stake) {
            world.hits[alone as usize] = (world.hits[alone as usize] + 1).min(CRASHES);
        }
    }
}

impl Model for Killers {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let Some(up) = &world.up else { return actions.push(Action::Open) };
        actions.extend([Action::Reach, Action::Take, Action::Call, Action::Leave, Action::Kill, Action::OtherKills]);
        actions.extend(up.waiting.iter().map(|offset| Action::Run(*offset)));
        actions.extend(up.running.iter().flat_map(|offset| [Action::Finish(*offset), Action::Fail(*offset)]));
        actions.extend([Action::Write, Action::Lands]);
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Open => self.open(&mut world)?,
            Action::Reach => self.reach(world.up.as_mut()?),
            Action::Take => self.take(world.up.as_mut()?)?,
            Action::Call => self.call(&mut world)?,
            Action::Run(offset) => self.run(&mut world, offset)?,
            Action::Finish(offset) => self.settle(&mut world, offset),
            Action::Fail(offset) => self.fail(world.up.as_mut()?, offset),
            Action::Write => self.write(&mut world)?,
            Action::Lands => self.lands(&mut world)?,
            Action::Leave => self.leave(&mut world)?,
            Action::Kill => self.end(&mut world),
            Action::OtherKills => self.other_kills(&mut world)?,
        }
        if let Some(up) = &mut world.up {
            up.suspects.forget_count();
        }
        let truly = |offset: &i64| self.killers.contains(offset) && !world.dead.contains(offset);
        world.passed_undone |= world.done.iter().any(truly);
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("who is dead was hit often enough while it ran alone", |_, world: &World| {
                world.dead.iter().all(|dead| world.hits[*dead as usize] >= CRASHES)
            }),
            Property::always("a killer ends dead within bounded crashes", |_, world: &World| {
                world.kills.iter().all(|kills| *kills <= MOST_KILLS)
            }),
            Property::always(
                "what is taken in after an end is below the horizon that is durable",
                |_, world: &World| {
                    let Some(up) = world.up.as_ref().filter(|up| !up.suspects.is_calm()) else { return true };
                    let horizon = world.note.map_or(0, |note| note.horizon);
                    up.waiting.iter().chain(&up.running).all(|offset| *offset < horizon)
                },
            ),
            Property::always("only a few run alone", |_, world: &World| {
                let Some(up) = world.up.as_ref().filter(|up| up.suspects.is_careful()) else { return true };
                let alone = position(&world.done)..up.suspects.note().1.horizon;
                alone.filter(|offset| !world.done.contains(offset)).count() <= FEW as usize
            }),
            Property::always("nothing is skipped", |_, world: &World| !world.passed_undone),
            Property::always("it always goes on", |model: &Killers, world: &World| {
                let through = world.done.len() as i64 == END;
                through || model.goes_on(world)
            }),
            // Without one that never fails, the checker stops as soon as every other one has its discovery.
            Property::always("the states are walked to the last", |_, _| true),
            Property::sometimes("all are settled, the killers dead", |model: &Killers, world: &World| {
                world.done.len() as i64 == END && model.killers.iter().all(|killer| world.dead.contains(killer))
            }),
            Property::sometimes("one is hit while it runs alone, and lives", |model: &Killers, world: &World| {
                let innocent = |offset: &i64| !model.killers.contains(offset) && !world.dead.contains(offset);
                let hit = |offset: &i64| world.hits[*offset as usize] > 0 && world.done.contains(offset);
                (0..END).any(|offset| innocent(&offset) && hit(&offset))
            }),
        ]
    }
}

impl Killers {
    /// Whether the process can come nearer to the end by itself, whatever it takes first.
    fn goes_on(&self, world: &World) -> bool {
        let mut actions = Vec::new();
        self.actions(world, &mut actions);
        let idle = |action: &Action| {
            matches!(action, Action::Kill | Action::OtherKills | Action::Leave | Action::Fail(_) | Action::Lands)
        };
        actions.retain(|action| !idle(action));
        actions.into_iter().any(|action| self.next_state(world, action).is_some())
    }
}

fn holds(carrier: Carrier, killers: &'static [i64]) {
    let model = Killers { variant: Variant::Real, carrier, killers };
    let checker = model.checker().threads(2).spawn_bfs().join();
    let (unique, all) = (checker.unique_state_count(), checker.state_count());
    println!("suspects model, {carrier:?} {killers:?}: {unique} states, {all} generated");
    checker.assert_properties();
    assert!(checker.is_done());
    assert!(unique <= 2_000_000, "{unique}");
}

#[test]
fn a_killer_ends_dead_and_no_innocent_with_it_where_notes_travel_with_commits() {
    holds(Carrier::Commit, &[1]);
}

#[test]
fn a_killer_ends_dead_and_no_innocent_with_it_where_notes_lie_beside_the_position() {
    holds(Carrier::Sink, &[1]);
}

#[test]
fn so_do_two_killers() {
    holds(Carrier::Commit, &[0, 2]);
    holds(Carrier::Sink, &[1, 3]);
}

fn breaks(variant: Variant, property: &'static str) {
    let model = Killers { variant, carrier: Carrier::Commit, killers: &[1] };
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    assert!(checker.discovery(property).is_some(), "{variant:?} was not caught");
}

#[test]
fn a_suspect_that_runs_before_its_note_kills_for_ever() {
    breaks(Variant::DoesNotWait, "a killer ends dead within bounded crashes");
}

#[test]
fn a_suspect_that_is_charged_while_it_waits_dies_innocent() {
    breaks(Variant::ChargesWhatRests, "who is dead was hit often enough while it ran alone");
}

#[test]
fn without_the_note_a_killer_kills_for_ever() {
    breaks(Variant::ForgetsNotes, "a killer ends dead within bounded crashes");
}

#[test]
fn what_runs_before_its_set_is_noted_is_found_out() {
    breaks(Variant::RunsAheadOfTheNote, "what is taken in after an end is below the horizon that is durable");
}

#[test]
fn a_set_that_forgets_what_is_unsettled_grows() {
    breaks(Variant::SetsGrow, "only a few run alone");
}

#[test]
fn a_gate_that_opens_before_the_end_is_durable_charges_innocents() {
    breaks(Variant::OpensTheGateEarly, "who is dead was hit often enough while it ran alone");
}
