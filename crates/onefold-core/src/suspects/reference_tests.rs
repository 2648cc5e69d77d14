//! `Suspects` against a plain history of owners, from which each one's start is judged anew.

use proptest::prelude::*;

use super::*;

const SETTINGS: SuspectsSettings = SuspectsSettings { crashes: 3, window: 16, watched: 64 };

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
#[derive(Debug, Default)]
struct History {
    /// Ends in a row without a word, each with something in flight, since the position moved last.
    ends: usize,
    /// The last owner: how far it may have read, if it ended without a word and began in calm or was watched.
    unheard: Option<Read>,
    /// While there are suspects: up to where.
    suspects: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Read {
    /// As far as there was something to read.
    Anything,
    To(i64),
}

impl History {
    /// The next owner comes; up to where there are suspects.
    fn next(&mut self, position: i64, end: i64) -> Option<i64> {
        let read = match self.unheard.take() {
            Some(Read::Anything) => end,
            Some(Read::To(offset)) => offset,
            None => 0,
        };
        if position < read {
            self.ends += 1;
            if self.ends == 2 {
                self.suspects = Some(read);
            }
        }
        self.suspects = self.suspects.filter(|suspects| position < *suspects);
        self.suspects
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

    /// Careful is who had two ends in a row at one position with something in flight, and nobody else.
    #[test]
    fn two_ends_in_a_row_without_progress_make_suspects(lives in lives()) {
        let (mut note, mut position, mut end) = (None, 0i64, 10i64);
        let mut history = History::default();
        for life in lives {
            end += life.grows;
            let mut owner = Suspects::opened(note, position, end, SETTINGS);
            let suspects = history.next(position, end);
            prop_assert_eq!(owner.is_careful(), suspects.is_some(), "{:?} {:?}", history, owner);
            owner.durable(owner.note().0, position);
            let (start, was_calm, read) = (position, owner.is_calm(), owner.limit().min(end));
            match suspects {
                Some(until) => {
                    prop_assert_eq!(owner.note().1.horizon, until);
                    // All of them come back well, or the first does not.
                    if life.cleared > 0 {
                        all_come_back(&mut owner, &mut position);
                        prop_assert_eq!(position, until);
                        prop_assert!(owner.is_calm());
                        history = History::default();
                    }
                }
                None => {
                    position = read.min(position + life.moves).max(position);
                    owner.settled(position);
                    owner.durable(owner.note().0, position);
                }
            }
            if position > start {
                history.ends = 0;
            }
            if life.is_closed {
                owner.close();
            } else if suspects.is_none() || position > start {
                // Whoever moved on is told from calm by nothing: what it read last is anything.
                let moved = position > start;
                history.unheard = Some(if was_calm || moved { Read::Anything } else { Read::To(read) });
            }
            note = Some(owner.note().1);
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
fn a_killer_is_dead_after_five_crashes() {
    let (mut note, mut crashes) = (None, 0);
    loop {
        let mut owner = Suspects::opened(note, 40, 1000, SuspectsSettings::crashes(3));
        owner.durable(1, 40);
        match owner.call(40) {
            Some(Call::Dead { deaths }) => {
                assert_eq!((deaths, crashes), (3, 5));
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
    owner.reached(4, 1000);
    assert_eq!(owner.limit(), 16, "half of the window is left");
    owner.reached(9, 1000);
    assert_eq!((owner.limit(), owner.note().1.horizon), (16, 25));
    owner.durable(2, 0);
    assert_eq!(owner.limit(), 25);
    // No further than the log goes: what is not there yet is no suspect.
    owner.reached(25, 26);
    owner.durable(3, 0);
    assert_eq!(owner.limit(), 26);
    owner.durable(3, 64);
    assert!(owner.is_calm());
}
