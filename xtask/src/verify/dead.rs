//! The dead letters: which record of `payments` each pipeline gave up, by the origin that the letter carries.

use super::{Differences, expect::Expected, origins};
use crate::{
    process::{Process, free_address},
    wire::{self, Connection, Received},
};
use anyhow::{Context, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The topics, on a broker of this checker's own or on one that runs.
pub struct Log {
    address: String,
    _broker: Option<Process>,
    _home: Option<tempfile::TempDir>,
}

pub struct Dead {
    pub origins: usize,
    pub repeated: usize,
}

impl Log {
    pub fn at(address: &str) -> Log {
        Log { address: address.to_owned(), _broker: None, _home: None }
    }

    pub fn embedded(binary: &Path, data: &Path) -> anyhow::Result<Log> {
        let (address, home) = (free_address()?, tempfile::tempdir()?);
        let broker = Process::broker(binary, data, &address, &home.path().join("broker.log"))?;
        Ok(Log { address, _broker: Some(broker), _home: Some(home) })
    }

    /// All records, by partition.
    pub fn topic(&self, name: &str) -> anyhow::Result<Vec<Vec<Received>>> {
        let mut connection = Connection::open(&self.address)?;
        let count = wire::partitions(&mut connection, name)?;
        (0..count).map(|partition| read(&mut connection, name, partition)).collect()
    }
}

pub fn compare(log: &Log, expected: &Expected, wrong: &mut Differences) -> anyhow::Result<Dead> {
    let lines = origins::lines(&log.topic("payments")?, expected, wrong);
    let mut dead = Dead { origins: 0, repeated: 0 };
    for (pipeline, wanted) in &expected.dead {
        let topic = format!("payments.{pipeline}.dead");
        let letters = log.topic(&topic).with_context(|| topic.clone())?;
        let mut found = BTreeSet::new();
        for letter in letters.iter().flatten() {
            let (partition, offset) = origin(letter).with_context(|| topic.clone())?;
            let line = lines.get(&(partition, offset)).copied();
            if line.is_none_or(|line| expected.lines[line] != letter.value) {
                wrong.list(&topic, vec![format!("holds other bytes than its origin {partition}/{offset}")]);
            }
            if !found.insert(line.unwrap_or(usize::MAX)) {
                dead.repeated += 1;
            }
        }
        dead.origins += found.len();
        wrong.maps(&topic, &shown(wanted, expected), &shown(&found, expected));
    }
    Ok(dead)
}

/// Where the record was, as the letter's headers say.
fn origin(letter: &Received) -> anyhow::Result<(i32, i64)> {
    let header = |name: &str| {
        let value = letter
            .headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        value.with_context(|| format!("a dead letter without {name}: {:?}", letter.headers))
    };
    Ok((header("onefold-partition")?.parse()?, header("onefold-offset")?.parse()?))
}

fn shown(lines: &BTreeSet<usize>, expected: &Expected) -> BTreeMap<usize, String> {
    let text = |line: usize| {
        expected.lines.get(line).map(|line| String::from_utf8_lossy(line).into_owned()).unwrap_or_default()
    };
    lines.iter().map(|line| (line + 1, text(*line))).collect()
}

fn read(connection: &mut Connection, topic: &str, partition: i32) -> anyhow::Result<Vec<Received>> {
    let (end, mut next, mut all) = (wire::end_offset(connection, topic, partition)?, 0, Vec::new());
    while next < end {
        let (records, after) = wire::records(&wire::fetch(connection, topic, partition, next)?)?;
        all.extend(records.into_iter().filter(|record| record.offset >= next));
        match after {
            Some(after) => next = after,
            None => bail!("{topic}/{partition} ends at {end}, yet nothing is at {next}"),
        }
    }
    Ok(all)
}
