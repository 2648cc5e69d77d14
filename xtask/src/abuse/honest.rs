//! The client that must not notice: produces a record, reads it back, again and again.

use crate::wire::{self, Batch, Connection, Sender};
use anyhow::{Context, ensure};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

pub const TOPIC: &str = "honest";

#[derive(Default)]
pub struct Served {
    pub requests: u64,
    pub slowest: Duration,
}

pub fn serve(address: &str, over: &AtomicBool) -> anyhow::Result<Served> {
    let mut served = Served::default();
    let mut connection = Connection::open(address)?;
    // At least once after the last attack, whatever came before.
    let mut last = false;
    while !last {
        last = over.load(Ordering::Acquire);
        let began = Instant::now();
        turn(&mut connection).context("the honest client")?;
        served.requests += 2;
        served.slowest = served.slowest.max(began.elapsed());
    }
    Ok(served)
}

fn turn(connection: &mut Connection) -> anyhow::Result<()> {
    let sender = Sender { id: -1, epoch: -1, sequence: -1 };
    let batch = Batch { sender, timestamp_ms: wire::now_ms(), values: &[b"as ever"] }.encode();
    connection.send(&wire::produce_request(TOPIC, 0, &batch))?;
    let answer = wire::produced(&connection.receive()?)?;
    ensure!(answer.error == 0, "produce: error {}", answer.error);
    let (records, _) = wire::records(&wire::fetch(connection, TOPIC, 0, answer.base_offset)?)?;
    ensure!(records.first().is_some_and(|record| record.value == b"as ever"), "another record than was produced");
    Ok(())
}
