//! What was sent, what was answered, what was read, and whether they fit.

use super::PARTITIONS;
use anyhow::{Context, bail};
use std::{collections::HashMap, fmt};

/// One producer's batches to one partition, in order, each with the offset it was answered with.
pub struct Lane {
    pub producer: u64,
    pub partition: i32,
    pub batches: Vec<Answered>,
    /// Batches sent again after a kill although they had been answered, and answered alike.
    pub repeats_answered: u64,
    pub repeats_unanswered: u64,
}

pub struct Answered {
    pub records: u32,
    pub offset: i64,
}

pub type Log = HashMap<(i32, i64), Vec<u8>>;

#[derive(Default)]
pub struct History {
    pub sent: Vec<Lane>,
    pub read_early: Log,
    pub log: Log,
}

/// The value of a lane's record number `record` of its batch number `batch`; the rest of it is padding.
pub fn name(producer: u64, partition: i32, batch: usize, record: u32) -> String {
    format!("{producer}/{partition}/{batch}/{record};")
}

impl History {
    pub fn check(&self) -> anyhow::Result<()> {
        let mut expected = 0;
        for lane in &self.sent {
            expected +=
                self.lane(lane).with_context(|| format!("producer {} partition {}", lane.producer, lane.partition))?;
        }
        // Every answered record was found at an offset of its own; one more than those is there twice.
        if self.log.len() != expected {
            bail!("{} records are in the log, {expected} were sent", self.log.len());
        }
        for (at, value) in &self.read_early {
            if self.log.get(at) != Some(value) {
                bail!("a reader saw {} at {at:?}, which is gone or another by now", shown(value));
            }
        }
        self.without_holes()
    }

    /// Order, and each record where its answer said.
    fn lane(&self, lane: &Lane) -> anyhow::Result<usize> {
        let mut free = 0;
        for (number, batch) in lane.batches.iter().enumerate() {
            if batch.offset < free {
                bail!("batch {number} is at {}, before its predecessor's end {free}", batch.offset);
            }
            for record in 0..batch.records {
                let offset = batch.offset + i64::from(record);
                let name = name(lane.producer, lane.partition, number, record);
                match self.log.get(&(lane.partition, offset)) {
                    Some(value) if value.starts_with(name.as_bytes()) => {}
                    Some(value) => bail!("{name} was answered with offset {offset}, where {} is", shown(value)),
                    None => bail!("{name} was answered with offset {offset}, where nothing is: lost"),
                }
            }
            free = batch.offset + i64::from(batch.records);
        }
        Ok(lane.batches.iter().map(|batch| batch.records as usize).sum())
    }

    fn without_holes(&self) -> anyhow::Result<()> {
        for partition in 0..PARTITIONS {
            let count = self.log.keys().filter(|(of, _)| *of == partition).count() as i64;
            if let Some(missing) = (0..count).find(|offset| !self.log.contains_key(&(partition, *offset))) {
                bail!("partition {partition} has no record at offset {missing}");
            }
        }
        Ok(())
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sum = |of: fn(&Lane) -> u64| self.sent.iter().map(of).sum::<u64>();
        write!(
            f,
            "{} batches, {} records, {} read before the end: none lost, none twice, all in order; sent again after a kill: \
             {} answered before, each with its first offset, {} not",
            sum(|lane| lane.batches.len() as u64),
            self.log.len(),
            self.read_early.len(),
            sum(|lane| lane.repeats_answered),
            sum(|lane| lane.repeats_unanswered),
        )
    }
}

fn shown(value: &[u8]) -> String {
    let end = value.iter().position(|b| *b == b';').unwrap_or(value.len().min(40));
    String::from_utf8_lossy(&value[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(log: &[(i64, &str)], offsets: &[i64]) -> History {
        let batches = offsets.iter().map(|offset| Answered { records: 1, offset: *offset }).collect();
        let lane = Lane { producer: 1, partition: 0, batches, repeats_answered: 0, repeats_unanswered: 0 };
        let log = log.iter().map(|(offset, value)| ((0, *offset), value.as_bytes().to_vec())).collect();
        History { sent: vec![lane], read_early: Log::new(), log }
    }

    #[test]
    fn a_faithful_log_passes() {
        assert!(history(&[(0, "1/0/0/0;"), (1, "1/0/1/0;")], &[0, 1]).check().is_ok());
    }

    #[test]
    fn lost_twice_moved_and_swapped_are_all_seen() {
        assert!(history(&[(0, "1/0/0/0;")], &[0, 1]).check().is_err(), "lost");
        assert!(history(&[(0, "1/0/0/0;"), (1, "1/0/0/0;")], &[0]).check().is_err(), "twice");
        assert!(history(&[(0, "1/0/1/0;"), (1, "1/0/0/0;")], &[1, 0]).check().is_err(), "order");
        assert!(history(&[(0, "1/0/0/0;"), (2, "1/0/1/0;")], &[0, 2]).check().is_err(), "hole");
        let mut early = history(&[(0, "1/0/0/0;")], &[0]);
        early.read_early.insert((0, 1), b"1/0/1/0;".to_vec());
        assert!(early.check().is_err(), "a reader saw what is gone");
    }
}
