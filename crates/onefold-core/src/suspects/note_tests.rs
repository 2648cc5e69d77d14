//! Notes read as they were written, and nothing else reads as one.

use proptest::prelude::*;

use super::*;

fn notes() -> impl Strategy<Value = Note> {
    let number = || prop_oneof![0..100i64, 0..=i64::MAX];
    let tried = prop::option::of((number(), 1..=u32::MAX).prop_map(|(offset, deaths)| Tried { offset, deaths }));
    let known = prop::option::of((1..=u32::MAX, number(), tried));
    (any::<bool>(), number(), known).prop_map(|(is_open, start, known)| match known {
        Some((ends, horizon, tried)) => Note { is_open, start, ends, horizon, tried },
        None => Note { is_open, start, ends: 0, horizon: 0, tried: None },
    })
}

#[test]
fn the_spelling_is_fixed() {
    // Written by one release and read by the next.
    let note = Note { is_open: true, start: 40, ends: 0, horizon: 0, tried: None };
    assert_eq!(note.to_string(), "o40");
    let note = Note { is_open: false, ends: 2, horizon: 552, ..note };
    assert_eq!(note.to_string(), "c40-2-552");
    let note = Note { tried: Some(Tried { offset: 43, deaths: 3 }), ..note };
    assert_eq!(note.to_string(), "c40-2-552-43-3");
}

proptest! {
    #[test]
    fn what_is_written_is_read(note in notes()) {
        let text = note.to_string();
        prop_assert!(text.len() <= LONGEST_NOTE);
        prop_assert_eq!(Note::read(&text), Some(note));
    }

    #[test]
    fn what_is_read_has_one_spelling(text in "[oc]?[-0-9]{0,24}") {
        if let Some(note) = Note::read(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        let _ = Note::read(&text);
    }
}
