//! `Suspects` against a plain history of owners, from which each one's start is judged anew.

use proptest::prelude::*;

use super::*;

const SETTINGS: SuspectsSettings = SuspectsSettings { crashes: 3, window: 16, watched: 64, few: 4 };

/// One owner: how far the position comes, and how it ends.
#[derive(Clone, Debug)]
struct Life {
    /// The position moves by so much, while it is not careful.
    moves: i64,
    /// So many suspects run alone and come back well.
    cleared: usize,
    /// The next one is running, or waits for another attempt, when the owner ends.
    last: Last,
    /// The log has grown by so much when the owner comes.
    grows: i64,
    is_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    None,
    Runs,
    Rests,
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    let last = prop_oneof![2 => Just(Last::None), 4 => Just(Last::Runs), 1 => Just(Last::Rests)];
    let moves = prop_oneof![3 => Just(0i64), 1 => 1..40i64, 1 => 1..500i64];
    let life = (moves, prop_oneof![3 => Just(0usize), 1 => 0..40usize], last, 0..40i64, prop::bool::weighted(0.2));
    let life =
        life.prop_map(|(moves, cleared, last, grows, is_closed)| Life { moves, cleared, last, grows, is_closed });
    prop::collection::vec(life, 1..40)
}

/// What happened to one partition so far, told without notes.
#[derive(Debug)]
struct History {
    /// Ends in a row without a word, each with something in flight, since the position moved last. No more than two are
    /// counted: then there are suspects.
    ends: u32,
    /// What the last owner was doing when it ended.
    last: Doing,
    /// How far it may have read.
    read: i64,
    has_moved: bool,
    is_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    /// Whatever it read.
    All,
    /// A window.
    Window,
    /// A few at a time of the suspects up to here.
    Few(i64),
    /// Each of those up to here alone.
    Alone(i64),
}

impl History {
    fn new() -> History {
        History { ends: 0, last: Doing::All, read: 0, has_moved: false, is_closed: true }
    }

    /// The next owner comes; what it is to do.
    fn next(&mut self, position: i64, end: i64) -> Doing {
        match self.last {
            Doing::Few(until) if self.is_closed && position < until => return Doing::Few(until),
            Doing::Few(until) if position < until && position < self.read => return Doing::Alone(self.read),
            Doing::Alone(until) if position < until => return Doing::Alone(until),
            _ => {}
        }
        if self.has_moved {
            self.ends = 0;
        }
        // Nobody knows how far one read that had no window, or whose window moved.
        let read = if self.last == Doing::All || self.has_moved { end } else { self.read };
        self.ends += u32::from(!self.is_closed && position < read);
        match self.ends {
            0 => Doing::All,
            1 => Doing::Window,
            _ => Doing::Few(read),
        }
    }
}

impl Doing {
    fn of(owner: &Suspects, until: i64) -> Doing {
        match () {
            () if owner.is_calm() => Doing::All,
            () if owner.is_careful() => Doing::Alone(owner.note().1.horizon),
            () if owner.is_wary() => Doing::Few(until),
            () => Doing::Window,
        }
    }
}

/// All that comes is done, up to `to`, as far as the notes let it.
fn go_on(owner: &mut Suspects, position: &mut i64, to: i64, end: i64) {
    while *position < to {
        let before = *position;
        *position = owner.limit().min(to);
        owner.settled(*position);
        owner.durable(owner.note().0, *position);
        owner.reached(*position, 0, end);
        owner.durable(owner.note().0, *position);
        assert!(*position > before, "it stands still: {owner:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Only records that ran alone are charged, each for its own runs, and the count survives every kind of end.
    #[test]
    fn deaths_are_the_runs_alone_that_did_not_come_back(lives in lives()) {
        let (mut note, mut position, mut end) = (None, 0i64, 10i64);
        let mut deaths: std::collections::BTreeMap<i64, u32> = Default::default();
        for life in lives {
            end += life.grows;
            let mut owner = Suspects::opened(note, position, end, SETTINGS);
            let (version, _) = owner.note();
            owner.durable(version, position);
            if !owner.is_careful() {
                position = end.min(position + life.moves);
                owner.settled(position);
                owner.durable(version, position);
            }
            for _ in 0..life.cleared {
                match owner.call(position) {
                    Some(Call::Run) => {
                        owner.begin(position);
                        prop_assert!(!owner.may_run(position), "before its note is durable");
                        owner.durable(owner.note().0, position);
                        prop_assert!(owner.may_run(position));
                    }
                    Some(Call::Dead { deaths: noted }) => {
                        prop_assert_eq!(noted, SETTINGS.crashes);
                        prop_assert_eq!(deaths.get(&position), Some(&noted));
                        owner.bury(position);
                    }
                    None => break,
                }
                deaths.remove(&position);
                position += 1;
                owner.settled(position);
                owner.durable(owner.note().0, position);
            }
            if owner.call(position) == Some(Call::Run) && life.last != Last::None {
                owner.begin(position);
                owner.durable(owner.note().0, position);
                if life.last == Last::Rests {
                    owner.rests(position);
                    owner.durable(owner.note().0, position);
                } else if !life.is_closed {
                    *deaths.entry(position).or_default() += 1;
                }
            }
            if life.is_closed {
                owner.close();
            }
            note = Some(owner.note().1);
            let noted = note.and_then(|note| note.tried).map(|tried| (tried.offset, tried.deaths));
            prop_assert_eq!(noted, deaths.get(&position).map(|deaths| (position, *deaths)));
            prop_assert!(deaths.len() <= 1, "{:?}", deaths);
        }
    }

    /// What an owner does is what the ends before it say, and nothing else.
    #[test]
    fn each_end_in_a_row_narrows_down_what_was_in_flight(lives in lives()) {
        let (mut note, mut position, mut end) = (None, 0i64, 10i64);
        let mut history = History::new();
        for life in lives {
            end += life.grows;
            let mut owner = Suspects::opened(note, position, end, SETTINGS);
            let doing = history.next(position, end);
            let until = if let Doing::Few(until) = doing { until } else { 0 };
            prop_assert_eq!(Doing::of(&owner, until), doing, "{:?} {:?}", history, owner);
            owner.durable(owner.note().0, position);
            let start = position;
            match doing {
                // All of them come back well, or the first does not.
                Doing::Alone(_) if life.cleared > 0 => {
                    all_come_back(&mut owner, &mut position);
                    prop_assert!(owner.is_calm());
                }
                Doing::Alone(_) => {}
                _ => go_on(&mut owner, &mut position, end.min(start + life.moves), end),
            }
            history.last = Doing::of(&owner, until);
            history.read = owner.limit();
            history.has_moved = position > start;
            history.is_closed = life.is_closed;
            if life.is_closed {
                owner.close();
            }
            note = Some(owner.note().1);
        }
    }

    /// However far apart the unsettled ones are: no more of them are below the horizon than a set is long.
    #[test]
    fn no_more_are_unsettled_below_the_horizon_than_a_set_holds(
        settles in prop::collection::vec((0..20usize, any::<bool>()), 1..300),
    ) {
        let before = Note { is_open: true, start: 0, ends: 1, horizon: 900, tried: None };
        let mut owner = Suspects::opened(Some(before), 0, 1000, SETTINGS);
        owner.durable(1, 0);
        prop_assert!(owner.is_wary());
        let (mut unsettled, mut next) = (std::collections::BTreeSet::new(), 0i64);
        for (nth, is_durable) in settles {
            while next < owner.limit().min(1000) {
                unsettled.insert(next);
                next += 1;
            }
            // Any of them, the first of them last.
            if let Some(settled) = unsettled.iter().rev().nth(nth % unsettled.len().max(1)).copied() {
                unsettled.remove(&settled);
            }
            let position = unsettled.first().copied().unwrap_or(next);
            owner.settled(position);
            owner.reached(next, unsettled.len(), 1000);
            if is_durable {
                owner.durable(owner.note().0, position);
            }
            if !owner.is_wary() {
                break;
            }
            let to_come = owner.note().1.horizon - next;
            prop_assert!(unsettled.len() as i64 + to_come <= SETTINGS.few, "{} and {}", unsettled.len(), to_come);
        }
    }
}

fn all_come_back(owner: &mut Suspects, position: &mut i64) {
    while let Some(Call::Run) = owner.call(*position) {
        owner.begin(*position);
        owner.durable(owner.note().0, *position);
        *position += 1;
        owner.settled(*position);
        assert!(owner.is_careful() || !owner.is_calm(), "before that is durable");
    }
    owner.durable(owner.note().0, *position);
}
