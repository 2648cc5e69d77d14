//! A checkpoint may be taken after any record, and the journal before it is thrown away. Whatever the history: the state
//! read back from a checkpoint, with the rest of the journal applied, is the state of the whole journal, equal in memory
//! and to the byte; and the journal's records come back from their bytes as they went in.

#[path = "support/history.rs"]
mod history;

use bytes::Bytes;
use history::{Naive, command};
use onefold_broker_core::{Record, Stamp, State};
use proptest::prelude::*;

fn journal() -> impl Strategy<Value = Vec<(Stamp, Record)>> {
    prop::collection::vec(command(), 0..60).prop_map(|commands| {
        let mut naive = Naive::default();
        commands.iter().filter_map(|command| naive.perform(command)).collect()
    })
}

fn replay(mut state: State, journal: &[(Stamp, Record)]) -> State {
    journal.iter().for_each(|(stamp, record)| state.apply(stamp, record));
    state
}

fn snapshot(state: &State) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.encode_snapshot(&mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn from_any_snapshot(journal in journal(), cut in any::<prop::sample::Index>()) {
        let whole = replay(State::new(), &journal);
        let cut = cut.index(journal.len() + 1);
        let at_cut = replay(State::new(), &journal[..cut]);
        let read_back = State::decode_snapshot(&snapshot(&at_cut)).expect("its own bytes");
        prop_assert_eq!(&read_back, &at_cut);
        // From the cut, and from any place before it: what the checkpoint holds already is passed over.
        prop_assert_eq!(&replay(read_back.clone(), &journal[cut..]), &whole);
        let resumed = replay(read_back, &journal[cut / 2..]);
        prop_assert_eq!(&resumed, &whole);
        prop_assert_eq!(snapshot(&resumed), snapshot(&whole));
    }

    #[test]
    fn from_the_records_bytes(journal in journal()) {
        for (_, record) in &journal {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            let mut parts = Vec::new();
            record.encode_parts(&mut parts);
            prop_assert_eq!(parts.concat(), &bytes[..], "gathered or not, the bytes are the same");
            prop_assert_eq!(&Record::decode(Bytes::from(bytes)).expect("its own bytes"), record);
        }
    }
}

#[test]
fn batches_are_shared_with_the_buffer_not_copied() {
    let mut naive = Naive::default();
    let produce = history::Command::Produce { to: vec![(0, 0)], producer: None, records: 3, transactional: false };
    naive.perform(&history::Command::CreateTopic { name: 0, partitions: 1 }).expect("a record");
    let (_, record) = naive.perform(&produce).expect("a record");
    let mut parts = Vec::new();
    record.encode_parts(&mut parts);
    let Record::Appended(appends) = &record else { panic!("an append") };
    assert!(parts.iter().any(|part| part.as_ptr() == appends[0].batch.as_ptr()), "written from where it is");
    let buffer = Bytes::from(parts.concat());
    let Ok(Record::Appended(read)) = Record::decode(buffer.clone()) else { panic!("an append") };
    assert!(buffer.as_ptr_range().contains(&read[0].batch.as_ptr()), "read where it is");
}
