use proptest::prelude::*;

use super::*;

fn origin(offset: i64) -> Origin<'static> {
    Origin { cluster_id: "c", topic_id: TopicId([7; 16]), partition: 3, offset }
}

#[test]
fn topic_id_is_spelled_as_kafka_spells_it() {
    // java: Uuid.METADATA_TOPIC_ID = new Uuid(0, 1)
    let mut one = [0; 16];
    one[15] = 1;
    assert_eq!(TopicId(one).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
    assert_eq!(TopicId([0xff; 16]).to_string(), "_____________________w");
}

#[test]
fn parts_do_not_run_into_each_other() {
    assert_ne!(Identity::of_event("a", "bc", "d"), Identity::of_event("ab", "c", "d"));
    assert_ne!(Identity::of_event("a", "", "b"), Identity::of_event("a", "b", ""));
    assert_ne!(Identity::of_origin("a", &origin(1)), Identity::of_origin("a", &origin(2)));
    assert!(Identity::of_origin("a", &origin(1)).is_by_origin());
    assert!(!Identity::of_event("a", "b", "c").is_by_origin());
}

#[test]
fn an_origin_is_spelled_the_same_whoever_spells_it() {
    let spelled = Identity::of_origin("group", &origin(5));
    let mut expected = vec![2, 0, 0, 0, 0, 0, 0, 0, 5];
    expected.extend_from_slice(b"group\0\0\0\0\0\0\0\x01c");
    expected.extend_from_slice(&[7; 16]);
    expected.extend_from_slice(&[0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 5]);
    assert_eq!(spelled.bytes(), expected.as_slice());
    let read_back = Identity::from_bytes(expected);
    assert_eq!(read_back, spelled);
    assert!(read_back.is_by_origin());
}

#[test]
fn another_payload_under_a_known_identity_is_never_a_silent_skip() {
    for state in [RowState::Running, RowState::Done, RowState::Dead] {
        assert_eq!(claim(Some(StoredRow { state, digest: b"x" }), b"y"), Claim::Conflict);
        assert_eq!(RowState::read(state.as_str()), Some(state));
    }
    let states = [RowState::Running, RowState::Done, RowState::Dead];
    for (there, mark) in states.into_iter().flat_map(|there| states.map(|mark| (there, mark))) {
        assert_eq!(mark.replaces(there), (there, mark) == (RowState::Dead, RowState::Done), "{mark:?} over {there:?}");
    }
    assert_eq!(claim(None, b"x"), Claim::New);
    assert_eq!(claim(Some(StoredRow { state: RowState::Done, digest: b"x" }), b"x"), Claim::Done);
    assert_eq!(claim(Some(StoredRow { state: RowState::Dead, digest: b"x" }), b"x"), Claim::Dead);
    assert_eq!(claim(Some(StoredRow { state: RowState::Running, digest: b"x" }), b"x"), Claim::Running);
}

proptest! {
    #[test]
    fn topic_id_reads_back(bytes: [u8; 16]) {
        prop_assert_eq!(TopicId::read(&TopicId(bytes).to_string()), Some(TopicId(bytes)));
    }

    #[test]
    fn reading_any_text_never_panics(text in ".{0,30}") {
        if let Some(id) = TopicId::read(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn different_events_have_different_identities(a in "[ab]{0,3}", b in "[ab]{0,3}", c in "[ab]{0,3}",
                                                  x in "[ab]{0,3}", y in "[ab]{0,3}", z in "[ab]{0,3}") {
        let same = (&a, &b, &c) == (&x, &y, &z);
        prop_assert_eq!(Identity::of_event(&a, &b, &c) == Identity::of_event(&x, &y, &z), same);
    }
}
