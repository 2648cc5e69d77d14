//! Reading a dead-letter topic, each partition up to where it ended at the start.

use super::marks::Marks;
use super::pace::Pace;
use super::place::{PATIENCE, Place};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::is_passing;
use onefold::Record;
use onefold::dead_letter::dialect::CameFrom;
use onefold::dead_letter::redrive::{Told, told};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// One letter, and what it tells.
pub struct Letter {
    pub record: Record,
    pub told: Told,
    /// It was put back before.
    pub is_back: bool,
}

/// Each letter of the named pipeline, or of the whole topic; in the order of each partition.
pub fn each(place: &Place, marks: &Marks, mut take: impl FnMut(Letter) -> Done) -> Done {
    let mut open: BTreeMap<i32, i64> =
        place.ends.iter().filter(|ends| ends.end > ends.earliest).map(|ends| (ends.partition, ends.end)).collect();
    let reader = place.reader(&place.topic, open.keys().copied());
    let consumer = reader.or_failed("cannot read the dead-letter topic")?;
    let all: i64 = place.ends.iter().map(|ends| ends.end - ends.earliest).sum();
    let mut pace = Pace::new(&place.topic, all.max(0).unsigned_abs());
    let mut heard = Instant::now();
    while !open.is_empty() {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let Some(end) = open.get(&partition).copied() else { continue };
                if offset + 1 >= end {
                    open.remove(&partition);
                }
                pace.read_one();
                if offset < end {
                    let letter = letter(&message, place, marks);
                    letter.map_or(Ok(()), &mut take)?;
                }
            }
            // What was deleted meanwhile is not there any more.
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(why)) if is_passing(&why) && heard.elapsed() < PATIENCE => continue,
            Some(Err(why)) => return Err(Failure::failed(format!("cannot read {}: {why}", place.topic))),
            None if heard.elapsed() > PATIENCE => {
                let why = format!("cannot read {}: no answer for {} s", place.topic, PATIENCE.as_secs());
                return Err(Failure::failed(why));
            }
            None => continue,
        }
        heard = Instant::now();
    }
    Ok(())
}

/// `None`: another pipeline's, in a topic that they share.
fn letter(message: &BorrowedMessage<'_>, place: &Place, marks: &Marks) -> Option<Letter> {
    let record = record(message);
    let told = told(&record);
    let is_anothers = place.group.as_ref().zip(told.group.as_ref()).is_some_and(|(wanted, group)| wanted != group);
    let is_back = marks.has(record.partition, record.offset);
    (!is_anothers).then_some(Letter { record, told, is_back })
}

pub fn record(message: &BorrowedMessage<'_>) -> Record {
    let mut record = Record::new(message.topic(), message.key(), message.payload());
    (record.partition, record.offset) = (message.partition(), message.offset());
    record.timestamp_ms = message.timestamp().to_millis();
    record.replace_headers(onefold::log::kafka::headers(message));
    record
}

impl Letter {
    /// Where the record stood when it died, as one word.
    pub fn origin(&self) -> Option<String> {
        self.told.origin.as_ref().map(CameFrom::place)
    }

    pub fn died_at(&self) -> Option<String> {
        let ms = u64::try_from(self.told.died_at_ms?).ok()?;
        let at = std::time::UNIX_EPOCH.checked_add(Duration::from_millis(ms))?;
        // Beyond the year 9999 there is no such text.
        let text = humantime::format_rfc3339_millis(at);
        let mut out = String::new();
        std::fmt::Write::write_fmt(&mut out, format_args!("{text}")).ok().map(|()| out)
    }

    pub fn json(&self) -> Value {
        let told = &self.told;
        let at = told.origin.as_ref();
        json!({
            "topic": &*self.record.topic, "partition": self.record.partition, "offset": self.record.offset,
            "origin": {"topic": at.map(|at| &at.topic), "partition": at.map(|at| at.partition), "offset": at.map(|at| at.offset)},
            "first_origin": told.first_origin, "group": told.group, "class": told.class, "attempts": told.attempts,
            "id": told.id, "redrives": told.redrives, "died_at": self.died_at(),
            "error": at.and_then(|at| at.message.as_ref()), "put_back": self.is_back,
        })
    }
}
