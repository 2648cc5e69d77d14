//! Reads along while the broker dies, and everything at the end.

use super::{PARTITIONS, Scene, TOPIC, history::Log, producer::reach};
use crate::wire::{self, Connection};
use std::{io, sync::atomic::Ordering};

/// All that a consumer could see until the producers were done.
pub fn run(scene: &Scene) -> anyhow::Result<Log> {
    let mut seen = Log::new();
    let mut next = vec![0_i64; PARTITIONS as usize];
    while !scene.closed.load(Ordering::Acquire) {
        match follow(scene, &mut next, &mut seen) {
            Err(error) if error.downcast_ref::<io::Error>().is_none() => return Err(error.context("the reader")),
            _ => {}
        }
    }
    Ok(seen)
}

/// Every record of the topic, up to the end offsets of now.
pub fn everything(address: &str) -> anyhow::Result<Log> {
    let mut connection = Connection::open(address)?;
    let mut log = Log::new();
    for partition in 0..PARTITIONS {
        let end = wire::end_offset(&mut connection, TOPIC, partition)?;
        let mut next = 0;
        while next < end {
            next = read(&mut connection, partition, next, &mut log)?;
        }
    }
    Ok(log)
}

/// So much of a value is kept: its name is at its beginning, the rest is padding.
const NAME: usize = 100;

fn follow(scene: &Scene, next: &mut [i64], seen: &mut Log) -> anyhow::Result<()> {
    let mut connection = reach(scene)?;
    while !scene.closed.load(Ordering::Acquire) {
        for (partition, next) in next.iter_mut().enumerate() {
            *next = read(&mut connection, partition as i32, *next, seen)?;
        }
    }
    Ok(())
}

fn read(connection: &mut Connection, partition: i32, from: i64, into: &mut Log) -> anyhow::Result<i64> {
    let bytes = wire::fetch(connection, TOPIC, partition, from)?;
    let (records, next) = wire::records(&bytes)?;
    // The first batch may begin before the offset asked for.
    into.extend(records.into_iter().filter(|r| r.offset >= from).map(|mut r| {
        r.value.truncate(NAME);
        ((partition, r.offset), r.value)
    }));
    Ok(next.unwrap_or(from))
}
