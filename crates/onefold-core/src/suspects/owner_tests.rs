//! What one owner after the other does, case by case.

use super::*;

const SETTINGS: SuspectsSettings = SuspectsSettings { crashes: 3, window: 16, watched: 64, few: 4 };

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

/// However many are parked: one end is no reason to hold up the other keys of a partition.
#[test]
fn what_waits_for_long_holds_up_nobody_after_one_end() {
    let killed = Note { is_open: true, start: 0, ends: 0, horizon: 0, tried: None };
    let mut owner = Suspects::opened(Some(killed), 0, 1000, SETTINGS);
    owner.durable(1, 0);
    for next in [16, 32, 48] {
        assert_eq!(owner.limit(), next);
        owner.reached(next, next as usize, 1000);
        owner.durable(owner.note().0, 0);
    }
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
