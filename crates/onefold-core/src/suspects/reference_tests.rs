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

    /// However far apart the unsettled ones are: no more of them are below the horizon than a window, or a set, is long.
    #[test]
    fn no_more_are_unsettled_below_the_horizon_than_a_window_holds(
        ends in 1u32..=2,
        settles in prop::collection::vec((0..20usize, any::<bool>()), 1..300),
    ) {
        let before = Note { is_open: true, start: 0, ends: ends - 1, horizon: 900, tried: None };
        let mut owner = Suspects::opened(Some(before), 0, 1000, SETTINGS);
        owner.durable(1, 0);
        let most = if owner.is_wary() { SETTINGS.few } else { SETTINGS.window };
        prop_assert_eq!(owner.is_wary(), ends == 2);
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
            if !owner.is_wary() && (ends == 2 || owner.is_calm()) {
                break;
            }
            let to_come = owner.note().1.horizon - next;
            prop_assert!(unsettled.len() as i64 + to_come <= most, "{} and {} of {}", unsettled.len(), to_come, most);
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

#[test]
fn a_killer_is_dead_after_six_crashes() {
    let (mut note, mut crashes) = (None, 0);
    loop {
        let mut owner = Suspects::opened(note, 40, 1000, SuspectsSettings::crashes(3));
        owner.durable(1, 40);
        match owner.call(40) {
            Some(Call::Dead { deaths }) => {
                assert_eq!((deaths, crashes), (3, 6));
                return;
            }
            Some(Call::Run) => owner.begin(40),
            None => assert!(owner.limit() > 40),
        }
        note = Some(owner.note().1);
        crashes += 1;
    }
}

#[test]
fn thirty_kills_with_progress_between_them_change_nothing() {
    let mut note = None;
    for position in 0..30 {
        let mut owner = Suspects::opened(note, position, 1000, SuspectsSettings::crashes(3));
        assert!(!owner.is_careful());
        owner.durable(1, position);
        note = Some(owner.note().1);
    }
}

#[test]
fn what_is_watched_is_noted_before_it_may_be_read() {
    let killed = Note { is_open: true, start: 0, ends: 0, horizon: 0, tried: None };
    let mut owner = Suspects::opened(Some(killed), 0, 1000, SETTINGS);
    assert_eq!(owner.limit(), 0);
    owner.durable(1, 0);
    assert_eq!(owner.limit(), 16);
    owner.reached(4, 0, 1000);
    assert_eq!(owner.limit(), 16, "half of the window is left");
    owner.reached(9, 0, 1000);
    assert_eq!((owner.limit(), owner.note().1.horizon), (16, 25));
    owner.durable(2, 0);
    assert_eq!(owner.limit(), 25);
    // No further than the log goes: what is not there yet is no suspect.
    owner.reached(25, 0, 26);
    owner.durable(3, 0);
    assert_eq!(owner.limit(), 26);
    owner.durable(3, 64);
    assert!(owner.is_calm());
}

#[test]
fn one_that_takes_long_holds_up_no_other_of_its_set() {
    let before = Note { is_open: true, start: 0, ends: 1, horizon: 12, tried: None };
    let mut owner = Suspects::opened(Some(before), 0, 1000, SETTINGS);
    owner.durable(1, 0);
    assert!(owner.is_wary());
    // The first one hangs, the others come and go.
    for next in (4..40).step_by(3) {
        assert_eq!(owner.limit(), next);
        owner.reached(next, 1, 1000);
        owner.durable(owner.note().0, 0);
        owner.settled(0);
    }
    // Nor do all of them together: then nothing more comes until one is settled.
    let noted = owner.note();
    owner.reached(owner.limit(), 4, 1000);
    assert_eq!(owner.note(), noted);
    owner.reached(owner.limit(), 3, 1000);
    assert_eq!(owner.note().1.horizon, noted.1.horizon + 1);
    // The suspects end at 12, and it goes on as ever when that is durable.
    owner.settled(12);
    assert!(!owner.is_wary() && owner.limit() < i64::MAX);
    owner.durable(owner.note().0, 12);
    assert!(owner.is_calm());
}

#[test]
fn who_leaves_in_order_leaves_all_suspects_and_no_set() {
    let before = Note { is_open: true, start: 0, ends: 1, horizon: 512, tried: None };
    let mut owner = Suspects::opened(Some(before), 0, 1000, SETTINGS);
    owner.durable(1, 0);
    owner.settled(3);
    owner.close();
    let closed = owner.note().1;
    assert_eq!(closed.to_string(), "c0-2-512");
    let next = Suspects::opened(Some(closed), 3, 1000, SETTINGS);
    assert!(next.is_wary());
    assert_eq!(next.note().1.to_string(), "o3-2-7");
}

/// Releases that knew no sets wrote 2 for suspects that run alone: theirs go on to do so.
#[test]
fn notes_of_earlier_releases_keep_their_meaning() {
    let alone = |text: &str| {
        let owner = Suspects::opened(Note::read(text), 40, 1000, SETTINGS);
        owner.is_careful().then(|| owner.note().1.to_string())
    };
    assert_eq!(alone("o40-2-552").as_deref(), Some("o40-3-552"));
    assert_eq!(alone("o40-2-552-43-1").as_deref(), Some("o40-3-552-43-1"));
    assert_eq!(alone("c40-2-552-40-2").as_deref(), Some("o40-3-552-40-2"));
    // None of them had run yet.
    assert_eq!(alone("c40-2-552"), None);
    assert_eq!(alone("o40-1-552"), None);
}
