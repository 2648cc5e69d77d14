//! What is read back from commit metadata: exactly what was written, for exactly the commit it was written with.

use std::ops::Range;

use proptest::prelude::*;

use super::saved::encode;
use super::*;
use crate::identity::TopicId;
use crate::suspects::{Note, Tried};

const TOPIC: TopicId = TopicId([9; 16]);

fn runs_above(base: i64) -> impl Strategy<Value = Vec<Range<i64>>> {
    let distance = prop_oneof![8 => 1i64..40, 2 => 1i64..100_000, 1 => 1i64..1 << 40];
    (0i64..3, prop::collection::vec((distance.clone(), distance), 0..40)).prop_map(move |(first, steps)| {
        let mut at = base - 1 + first.min(1);
        let mut runs = Vec::new();
        for (distance, length) in steps {
            runs.push(at + distance..at + distance + length);
            at += distance + length;
        }
        runs
    })
}

fn written(base: i64, epoch: Option<i32>, runs: &[Range<i64>]) -> String {
    encode(TOPIC, base, epoch, runs.iter().cloned(), None)
}

fn read(metadata: &str, committed: i64, epoch: Option<i32>) -> Result<Saved, Ignored> {
    Saved::read(Some(metadata.as_bytes()), TOPIC, committed, epoch)
}

#[test]
fn the_spelling_is_fixed() {
    // Written by one release and read by the next.
    let metadata = written(1000, Some(7), &[1001..1003, 1040..1041, 3000..3033]);
    assert_eq!(metadata, "of1.CQkJCQkJCQkJCQkJCQkJCQ.1000.7.BClBBn9BhB.2e5e8c6a");
    assert_eq!(written(5, None, &[]), "of1.CQkJCQkJCQkJCQkJCQkJCQ.5.-1..5a965e64");
    let tried = Some(Tried { offset: 7, deaths: 1 });
    let note = Note { is_open: true, start: 5, ends: 2, horizon: 60, tried };
    let noted = encode(TOPIC, 5, None, std::iter::once(8..9), Some(note));
    assert_eq!(noted, "of1.CQkJCQkJCQkJCQkJCQkJCQ.5.-1.DB.o5-2-60-7-1.dbb24bd5");
    assert_eq!(read(&noted, 5, None).map(|saved| saved.note), Ok(Some(note)));
}

#[test]
fn metadata_counts_only_beside_its_own_commit() {
    let metadata = written(10, Some(3), &[12..14, 20..21]);
    assert!(read(&metadata, 10, Some(3)).is_ok());
    assert!(read(&metadata, 10, None).is_ok(), "not every broker tells the epoch");
    assert_eq!(read(&metadata, 11, Some(3)), Err(Ignored::OtherOffset));
    assert_eq!(read(&metadata, 10, Some(4)), Err(Ignored::OtherEpoch));
    let other = Saved::read(Some(metadata.as_bytes()), TopicId([1; 16]), 10, Some(3));
    assert_eq!(other, Err(Ignored::OtherTopic));
    let unknown = Saved::read(Some(metadata.as_bytes()), TopicId::default(), 10, Some(3));
    assert_eq!(unknown, Err(Ignored::UnknownTopic), "a cluster that tells no ids now says nothing of another topic");
    assert_eq!(read("", 10, None), Err(Ignored::Absent));
    assert_eq!(Saved::read(None, TOPIC, 10, None), Err(Ignored::Absent));
    for foreign in ["done up to 10", "of2.x", "{\"offset\":10}", "of1"] {
        assert_eq!(read(foreign, 10, None), Err(Ignored::Foreign), "{foreign}");
    }
    assert_eq!(Saved::read(Some(b"\xff\xfe"), TOPIC, 10, None), Err(Ignored::Foreign));
    assert!(Saved::is_ours(Some(metadata.as_bytes())));
    assert!(!Saved::is_ours(Some(b"of1.x")));
}

#[test]
fn a_damaged_spelling_with_a_good_checksum_is_still_refused() {
    // Bodies that no encoder writes: runs that touch, are empty, overflow, or are spelled in two ways.
    for body in [
        "5.1.BBAB",
        "5.1.BA",
        "5.1.B",
        "5.1.BBA",
        "9223372036854775807.1.BB",
        "-1.1.",
        "5.1..x",
        "5.1.gAB",
        "5",
        "5.1.BB.",
        "5.1.BB.o",
        "5.1.BB.o5-0-6",
        "5.1.BB.o05",
        "5.1.BB.o5.o5",
        "5.1.BB.o5-1-9-7",
    ] {
        let text = format!("of1.CQkJCQkJCQkJCQkJCQkJCQ.{body}");
        let metadata = format!("{text}.{:08x}", crc32c::crc32c(text.as_bytes()));
        assert_eq!(read(&metadata, 5, None), Err(Ignored::Damaged), "{body}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(base in 0i64..1 << 50, epoch in prop::option::of(0i32..), seed in runs_above(0)) {
        let runs: Vec<Range<i64>> = seed.into_iter().map(|run| run.start + base..run.end + base).collect();
        let metadata = written(base, epoch, &runs);
        prop_assert!(metadata.is_ascii());
        prop_assert_eq!(read(&metadata, base, epoch), Ok(Saved { base, leader_epoch: epoch, runs, note: None }));
    }

    #[test]
    fn one_wrong_character_is_noticed(runs in runs_above(0), at: usize, with in 0x21u8..0x7f) {
        let mut metadata = written(0, Some(1), &runs).into_bytes();
        let at = at % metadata.len();
        prop_assume!(metadata[at] != with);
        metadata[at] = with;
        prop_assert!(Saved::read(Some(&metadata), TOPIC, 0, Some(1)).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), tail in "[.A-Za-z0-9_-]{0,60}") {
        let _ = Saved::read(Some(&bytes), TOPIC, 0, None);
        let text = format!("of1.{tail}");
        let signed = format!("{text}.{:08x}", crc32c::crc32c(text.as_bytes()));
        let _ = read(&signed, 0, None);
    }
}
