//! Which letters were put back: a topic beside the dead-letter topic, `NAME.redriven`, one partition, kept for ever.
//!
//! A record a step, a partition of the letters' topic and 20,000 of its offsets, with all that was put back of them: the
//! last one counts. It stands in a topic and not in a group's commit, since the offsets of a group without members are
//! forgotten after a week, and a choice of every second letter would not fit into one.

use super::place::{PATIENCE, Place};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::offsets;
use crate::kafka::topics::{Wanted, create};
use onefold::Record;
use onefold::log::kafka::KafkaPublisher;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A record says it of so many offsets at most: with every second one put back it has less than 500 KB.
const PART: i64 = 20_000;

#[derive(Clone)]
pub struct Marks {
    topic: String,
    /// The letters' topic: made again under its name, it is another one, and nothing of it was put back.
    topic_id: String,
    put_back: BTreeMap<i32, BTreeSet<i64>>,
    /// Where the topic ended when it was read or written last; `None`: there is none yet.
    end: Option<i64>,
}

/// The value of a record: runs of offsets, their first and last.
#[derive(Serialize, Deserialize)]
struct Mark {
    topic_id: String,
    partition: i32,
    put_back: Vec<(i64, i64)>,
}

impl Marks {
    pub fn read(place: &Place, publisher: &KafkaPublisher) -> Done<Marks> {
        let topic = format!("{}.redriven", place.topic);
        let id = topic_id(place, publisher)?;
        let mut marks = Marks { topic, topic_id: id, put_back: BTreeMap::new(), end: None };
        let what = format!("cannot read {}", marks.topic);
        let ends = offsets::partitions(&place.client, &marks.topic).or_failed(&what)?;
        let Some(ends) = ends.first() else { return Ok(marks) };
        marks.end = Some(ends.end);
        if ends.end > ends.earliest {
            let values = marks.values(place, ends.end).or_failed(&what)?;
            values
                .values()
                .filter_map(|value| serde_json::from_slice(value).ok())
                .for_each(|mark| marks.take(place, mark));
        }
        Ok(marks)
    }

    /// The last value of each key.
    fn values(&self, place: &Place, end: i64) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
        let consumer = place.reader(&self.topic, [0]).map_err(|why| why.to_string())?;
        let (mut values, mut heard) = (BTreeMap::new(), Instant::now());
        while heard.elapsed() < PATIENCE {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    let of = |bytes: Option<&[u8]>| bytes.unwrap_or_default().to_vec();
                    values.insert(of(message.key()), of(message.payload()));
                    if message.offset() + 1 >= end {
                        return Ok(values);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(values),
                Some(Err(why)) if heard.elapsed() > PATIENCE / 2 => return Err(why.to_string()),
                Some(Err(_)) | None => {}
            }
        }
        Err(format!("no answer for {} s", PATIENCE.as_secs()))
    }

    /// A later mark of a key says all that earlier ones did. Only offsets that the letters' topic has: whoever wrote
    /// it cannot make this one grow beyond that.
    fn take(&mut self, place: &Place, mark: Mark) {
        let Some(ends) = place.ends.iter().find(|ends| ends.partition == mark.partition) else { return };
        if mark.topic_id == self.topic_id {
            let within = |(first, last): &(i64, i64)| (*first).max(ends.earliest)..=(*last).min(ends.end - 1);
            let offsets = mark.put_back.iter().flat_map(within);
            self.put_back.entry(mark.partition).or_default().extend(offsets);
        }
    }

    pub fn has(&self, partition: i32, offset: i64) -> bool {
        self.put_back.get(&partition).is_some_and(|offsets| offsets.contains(&offset))
    }

    /// Durable when it returns.
    pub async fn add(&mut self, place: &Place, publisher: &KafkaPublisher, letters: &[(i32, i64)]) -> Done {
        let before = self.made(place).await?;
        let touched: BTreeSet<(i32, i64)> =
            letters.iter().map(|(partition, offset)| (*partition, part(*offset))).collect();
        for (partition, offset) in letters {
            self.put_back.entry(*partition).or_default().insert(*offset);
        }
        for (partition, part) in &touched {
            let key = format!("{partition}/{part}");
            let mark = self.mark(*partition, *part);
            let mark = Record::new(&self.topic, Some(key.as_bytes()), Some(mark.as_bytes()));
            publisher.publish_at(mark, Some(0)).await.or_failed("cannot note what was put back")?;
        }
        self.end = Some(before + touched.len() as i64);
        Ok(())
    }

    fn mark(&self, partition: i32, part: i64) -> String {
        let offsets = self.put_back.get(&partition).into_iter();
        let offsets = offsets.flat_map(|all| all.range(part * PART..(part + 1).saturating_mul(PART))).copied();
        let mark = Mark { topic_id: self.topic_id.clone(), partition, put_back: runs(offsets) };
        serde_json::to_string(&mark).unwrap_or_default() // plain data always turns into JSON
    }

    /// Where the topic ends: makes it where it is missing. Before anything is put back, so that a cluster that does not
    /// allow it is heard of in time.
    pub async fn made(&mut self, place: &Place) -> Done<i64> {
        if let Some(end) = self.end {
            return Ok(end);
        }
        let kept = [("retention.ms", "-1"), ("retention.bytes", "-1"), ("cleanup.policy", "compact")];
        let config =
            |all: &[(&str, &str)]| all.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let wanted = |config| Wanted { name: self.topic.clone(), partitions: Some(1), replication: None, config };
        // Not every cluster lets a topic be compacted; kept for ever it has to be.
        if create(&place.client, &wanted(config(&kept))).await.is_err() {
            create(&place.client, &wanted(config(&kept[..1]))).await?;
        }
        self.end = Some(0);
        Ok(0)
    }

    /// Whether somebody else wrote here meanwhile.
    pub fn refuse_another(&self, place: &Place) -> Done {
        let ends = offsets::partitions(&place.client, &self.topic).or_failed("cannot see whether this ran alone")?;
        match ends.first().map(|ends| ends.end) == self.end {
            true => Ok(()),
            false => Err(Failure::failed(format!(
                "another redrive of {} runs at the same time: ended here\n  \
                 to fix         run one at a time; letters that both chose may be back twice",
                place.topic
            ))),
        }
    }
}

/// Empty only where there is no topic: whoever does not know which topic this is would take all for new.
fn topic_id(place: &Place, publisher: &KafkaPublisher) -> Done<String> {
    match publisher.topic_id(&place.topic, PATIENCE) {
        Some(id) => Ok(id.to_string()),
        None if place.ends.is_empty() => Ok(String::new()),
        None => Err(Failure::failed(format!(
            "the cluster does not tell the id of the topic {}: what was put back before cannot be told\n  \
             to fix         run it again; it needs Kafka 2.8 or later, and DESCRIBE on the topic",
            place.topic
        ))),
    }
}

fn part(offset: i64) -> i64 {
    offset.div_euclid(PART)
}

/// First and last of each run.
fn runs(offsets: impl Iterator<Item = i64>) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = vec![];
    for offset in offsets {
        match runs.last_mut().filter(|(_, last)| last.checked_add(1) == Some(offset)) {
            Some((_, last)) => *last = offset,
            None => runs.push((offset, offset)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_part_with_the_most_runs_fits_into_a_record() {
        let offsets = (i64::MAX - super::PART..i64::MAX).step_by(2);
        let text = serde_json::to_string(&super::runs(offsets)).expect("JSON");
        assert!(text.len() < 500_000, "{}", text.len());
        assert_eq!([0, super::PART - 1, super::PART].map(super::part), [0, 0, 1]);
    }

    #[test]
    fn neighbours_are_one_run() {
        assert_eq!(super::runs([1, 2, 3, 5, 7, 8].into_iter()), [(1, 3), (5, 5), (7, 8)]);
        assert_eq!(super::runs(std::iter::empty()), []);
    }
}
