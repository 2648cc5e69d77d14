//! Putting dead records back: what a letter tells about its death, and the record that is made of it again.
//!
//! A record that is put back carries key, value and its own headers verbatim. Headers that tell of the death go, and a
//! few come: how often it was put back, for which group, the identity that it died with, and where it stood first. Who
//! keeps ids looks at them (`runtime`): an id that is dead runs again only so.

use crate::dead_letter::dialect::{self, CameFrom, Dialect, came_from};
use crate::dead_letter::letter::identity_of;
use crate::identity::Identity;
use crate::record::{Header, Record};

/// How often a record was put back. Letters carry it on, so that the next death of the same record can be told.
pub(super) const REDRIVES: &str = "onefold-redrives";
/// `topic/partition/offset` of where the record stood before it was put back for the first time.
pub(super) const FIRST_ORIGIN: &str = "onefold-first-origin";
/// The one group that the record was put back for.
const REDRIVEN_FOR: &str = "onefold-redriven-for";
const IDENTITY: &str = "onefold-identity";

/// What a letter tells. Letters of other systems tell less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Where the record stood when it died.
    pub origin: Option<CameFrom>,
    /// `topic/partition/offset` of where it stood first, where it was put back before.
    pub first_origin: Option<String>,
    pub group: Option<String>,
    pub class: Option<String>,
    pub attempts: Option<u32>,
    /// The short form of its identity: the same for each death of the same event.
    pub id: Option<String>,
    /// How often it was put back before this death.
    pub redrives: u32,
    /// Milliseconds since 1970.
    pub died_at_ms: Option<i64>,
}

impl Told {
    /// Whether this is a letter at all. A record that was put back tells of no death, only of where it has been.
    pub fn tells_of_a_death(&self) -> bool {
        let Told { origin, group, class, attempts, id, died_at_ms, .. } = self;
        let own = group.is_some() || class.is_some() || attempts.is_some() || id.is_some() || died_at_ms.is_some();
        own || origin.is_some()
    }
}

/// Reads a letter's headers.
pub fn told(letter: &Record) -> Told {
    let text = |name: &str| letter.header(name).and_then(|value| String::from_utf8(value.to_vec()).ok());
    Told {
        origin: came_from(letter),
        first_origin: text(FIRST_ORIGIN),
        group: text("onefold-group"),
        class: text("onefold-class"),
        attempts: text("onefold-attempts").and_then(|number| number.parse().ok()),
        id: text("onefold-id"),
        redrives: redrives(letter),
        died_at_ms: text("onefold-died-at").and_then(|number| number.parse().ok()),
    }
}

/// How often the record was put back; 0 for one that never died.
pub fn redrives(record: &Record) -> u32 {
    let number = record.header(REDRIVES).and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    number.unwrap_or(0)
}

/// The record of a letter, to be produced to this topic: by the broker's or the producer's clock, since an old timestamp
/// would have retention delete it at once. `for_group`: other groups pass over it.
pub fn put_back(letter: &Record, to: &str, for_group: Option<&str>) -> Record {
    let told = told(letter);
    let mut headers: Vec<Header> =
        letter.headers().iter().filter(|header| !tells_of_death(header, letter, &told)).cloned().collect();
    headers.push(Header::new(REDRIVES, told.redrives.saturating_add(1).to_string()));
    headers.extend(for_group.map(|group| Header::new(REDRIVEN_FOR, group)));
    headers.extend(letter.header(IDENTITY).map(|identity| Header::new(IDENTITY, identity)));
    let stood = told.origin.as_ref().map(CameFrom::place);
    headers.extend(told.first_origin.or(stood).map(|first| Header::new(FIRST_ORIGIN, first)));
    let mut record = Record::new(to, None, None);
    (record.key, record.value) = (letter.key.clone(), letter.value.clone());
    record.replace_headers(headers);
    record
}

/// Onefold's own headers, and other systems' where they tell of this very death: those that the record came with stay.
fn tells_of_death(header: &Header, letter: &Record, told: &Told) -> bool {
    let of_this = |dialect: &Dialect| {
        let same = |at: CameFrom, own: &CameFrom| {
            (&at.topic, at.partition, at.offset) == (&own.topic, own.partition, own.offset)
        };
        dialect.owns(header) && dialect.read(letter).zip(told.origin.as_ref()).is_some_and(|(at, own)| same(at, own))
    };
    dialect::is_ours(header) || Dialect::ALL.iter().any(of_this)
}

/// Whether the record was put back for a group, and not for this one.
pub(crate) fn is_for_another(record: &Record, group: &str) -> bool {
    record.header(REDRIVEN_FOR).is_some_and(|other| other != group.as_bytes())
}

/// Whether the record was put back, and this group is to run it although it knows it as dead.
pub(crate) fn runs_again(record: &Record, group: &str) -> bool {
    redrives(record) > 0 && !is_for_another(record, group)
}

/// The identity that a record without an id died with in this group: its repeats are known by it.
pub(crate) fn kept_identity(record: &Record, group: &str) -> Option<Identity> {
    identity_of(record).filter(|identity| identity.is_by_origin_for(group) && runs_again(record, group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letter::{Reason, ReasonClass, letter_for};
    use crate::identity::Origin;
    use std::sync::Arc;

    fn dead(record: &Record, dialects: &[Dialect]) -> Record {
        let origin = Origin { cluster_id: "c", topic_id: record.topic_id, partition: 3, offset: record.offset };
        let identity = kept_identity(record, "g").unwrap_or_else(|| Identity::of_origin("g", &origin));
        let reason = Reason { class: ReasonClass::Rejected, message: "422".into(), attempts: 2 };
        letter_for(record, &Arc::from("t.g.dead"), "g", &identity, &reason, dialects)
    }

    fn record() -> Record {
        let mut record = Record::new("t", Some(b"k"), Some(b"\xff\x00v")).with_header("trace", "t-1");
        (record.partition, record.offset, record.timestamp_ms) = (3, 41, Some(1_000));
        // What the record came with: of a death in another system, elsewhere.
        record.with_header("__connect.errors.topic", "other").with_header("onefold-load", "digest:41")
    }

    #[test]
    fn bytes_and_own_headers_go_back_and_the_death_does_not() {
        for dialects in [&[][..], &[Dialect::Spring, Dialect::ShareGroup]] {
            let back = put_back(&dead(&record(), dialects), "t", Some("g"));
            assert_eq!((&back.key, &back.value, back.timestamp_ms), (&record().key, &record().value, None));
            let names: Vec<&[u8]> = back.headers().iter().map(|header| &header.name[..]).collect();
            let own = ["trace", "__connect.errors.topic", REDRIVES, REDRIVEN_FOR, IDENTITY, FIRST_ORIGIN];
            assert_eq!(names, own.map(str::as_bytes), "{dialects:?}");
        }
    }

    #[test]
    fn the_next_death_is_known_as_the_same_ones() {
        let first = dead(&record(), &[]);
        let mut back = put_back(&first, "t", Some("g"));
        (back.partition, back.offset) = (3, 99);
        let second = dead(&back, &[]);
        assert!(told(&first).tells_of_a_death() && !told(&back).tells_of_a_death());
        let (before, after) = (told(&first), told(&second));
        assert_eq!((before.redrives, after.redrives, redrives(&put_back(&second, "t", None))), (0, 1, 2));
        assert_eq!(before.id, after.id, "one event");
        assert_eq!((after.first_origin.as_deref(), before.first_origin), (Some("t/3/41"), None));
        assert_eq!(after.origin.map(|at| at.offset), Some(99));
        assert_eq!(after.class.as_deref(), Some("rejected"));
    }

    #[test]
    fn only_the_group_that_it_is_for_runs_it_again() {
        let back = put_back(&dead(&record(), &[]), "t", Some("g"));
        assert!(runs_again(&back, "g") && !runs_again(&back, "h") && is_for_another(&back, "h"));
        assert!(kept_identity(&back, "g").is_some() && kept_identity(&back, "h").is_none());
        let all = put_back(&dead(&record(), &[]), "t", None);
        assert!(runs_again(&all, "h") && kept_identity(&all, "h").is_none(), "an identity is one group's");
        assert!(!runs_again(&record(), "g"));
    }

    #[test]
    fn letters_of_others_and_broken_headers_are_read_as_far_as_they_go() {
        let foreign = Record::new("x", None, None).with_header("__connect.errors.topic", "t");
        assert_eq!(told(&foreign), Told::default());
        let broken = record().with_header(REDRIVES, b"\xff").with_header("onefold-attempts", "-1");
        assert_eq!((told(&broken).redrives, told(&broken).attempts), (0, None));
    }
}
