//! Checksums guard the journal and the checkpoint, but a decoder that panics or allocates what a broken length claims would
//! turn one bad file into a broker that never starts. Random bytes, cut bytes, and bytes with a few places changed: each is
//! an error or some record, never a panic. The same for what clients send as batches.

#[path = "support/history.rs"]
mod history;

use bytes::Bytes;
use history::{Naive, command};
use onefold_broker_core::batch::{Header, Limits, checksum, validate};
use onefold_broker_core::topic::TopicSettings;
use onefold_broker_core::{Record, RecordError, Stamp, State};
use proptest::prelude::*;

fn journal() -> impl Strategy<Value = Vec<(Stamp, Record)>> {
    prop::collection::vec(command(), 1..30).prop_map(|commands| {
        let mut naive = Naive::default();
        commands.iter().filter_map(|command| naive.perform(command)).collect()
    })
}

fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)
}

fn damaged(mut bytes: Vec<u8>, cut: prop::sample::Index, damage: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (at, value) in damage {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    // Half of the time the end is lost as well.
    if cut.index(2) == 0 {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
    bytes
}

fn limits() -> Limits {
    Limits { max_decompressed_bytes: 1 << 20, ..Limits::of(&TopicSettings::default(), 0) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0u8..16) {
        let _ = Record::decode(Bytes::from(bytes.clone()));
        let _ = Record::decode(Bytes::from([&[1, kind][..], &bytes].concat()));
        let _ = State::decode_snapshot(&bytes);
        let _ = State::decode_snapshot(&[&[1][..], &bytes].concat());
        let _ = Header::parse(&bytes);
        let _ = validate(&bytes, &limits());
    }

    #[test]
    fn damaged_records(journal in journal(), cut in any::<prop::sample::Index>(), damage in damage()) {
        let mut state = State::new();
        for (stamp, record) in &journal {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            if let Ok(other) = Record::decode(Bytes::from(damaged(bytes, cut, &damage))) {
                // Whatever decodes can be applied, and what it adds up to can be read back.
                state.apply(stamp, &other);
            }
        }
        let mut bytes = Vec::new();
        state.encode_snapshot(&mut bytes);
        prop_assert_eq!(State::decode_snapshot(&bytes), Ok(state));
    }

    #[test]
    fn damaged_snapshots(journal in journal(), cut in any::<prop::sample::Index>(), damage in damage()) {
        let mut state = State::new();
        journal.iter().for_each(|(stamp, record)| state.apply(stamp, record));
        let mut bytes = Vec::new();
        state.encode_snapshot(&mut bytes);
        if let Ok(mut other) = State::decode_snapshot(&damaged(bytes, cut, &damage)) {
            journal.iter().for_each(|(stamp, record)| other.apply(stamp, record));
        }
    }

    #[test]
    fn batches_whose_checksum_holds(
        codec in 0i16..8,
        count in prop_oneof![any::<i32>(), 1..100],
        records in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut batch = onefold_broker_core::batch::BatchBuilder::new().build_compressed(codec, |_| records);
        batch[57..61].copy_from_slice(&count.to_be_bytes());
        batch[23..27].copy_from_slice(&count.wrapping_sub(1).to_be_bytes());
        let crc = checksum(&batch);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        let _ = validate(&batch, &limits());
    }
}

#[test]
fn a_count_that_claims_more_than_is_there_is_refused_before_anything_is_allocated() {
    // 4 billion appends, commits, partitions, configs in a handful of bytes.
    for kind in [6u8, 7, 8] {
        let bytes = [&[1, kind][..], &u32::MAX.to_be_bytes()].concat();
        assert!(matches!(Record::decode(bytes.into()), Err(RecordError::Truncated { .. })), "kind {kind}");
    }
    // A topic of 2 billion partitions: nothing in the record pays for their memory.
    let huge = Record::TopicCreated {
        id: onefold_broker_core::TopicId([1; 16]),
        name: "t".to_owned(),
        partitions: i32::MAX,
        configs: Vec::new(),
    };
    let mut bytes = Vec::new();
    huge.encode(&mut bytes);
    assert!(matches!(Record::decode(bytes.into()), Err(RecordError::Impossible { .. })));
}

#[test]
fn another_version_or_kind_says_so() {
    assert_eq!(Record::decode(Bytes::from_static(&[2, 1, 0, 0, 0, 1])), Err(RecordError::UnknownVersion(2)));
    assert_eq!(Record::decode(Bytes::from_static(&[1, 99])), Err(RecordError::UnknownKind(99)));
    assert_eq!(State::decode_snapshot(&[9]), Err(RecordError::UnknownVersion(9)));
    assert!(matches!(
        Record::decode(Bytes::from_static(&[1, 1, 0, 0, 0, 1, 7])),
        Err(RecordError::Trailing { left: 1 })
    ));
}
