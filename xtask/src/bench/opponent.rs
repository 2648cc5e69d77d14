//! Who takes part: Onefold's broker, and Apache Kafka with both of its promises.

use super::checkpoints::Checkpoints;
use crate::{
    process::{Process, free_address, memory_mib},
    services::{Durability, Kafka},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Opponent {
    Onefold,
    KafkaPageCache,
    KafkaFsync,
}

pub const ALL: [Opponent; 3] = [Opponent::Onefold, Opponent::KafkaPageCache, Opponent::KafkaFsync];

impl Opponent {
    pub fn name(self) -> &'static str {
        match self {
            Opponent::Onefold => "onefold (durable)",
            Opponent::KafkaPageCache => "Kafka 4.3 (page cache)",
            Opponent::KafkaFsync => "Kafka 4.3 (flush=1)",
        }
    }

    pub fn start(self, binary: &Path, home: &Path) -> anyhow::Result<Running> {
        let durability = match self {
            Opponent::Onefold => return onefold(binary, home),
            Opponent::KafkaPageCache => Durability::PageCache,
            Opponent::KafkaFsync => Durability::Fsync,
        };
        let kafka = Kafka::start(durability)?;
        Ok(Running {
            address: kafka.address().to_owned(),
            pid: kafka.pid(),
            start: kafka.start_took,
            checkpoints: None,
            _server: Server::Kafka(kafka),
        })
    }
}

pub struct Running {
    pub address: String,
    pub start: Duration,
    pid: u32,
    checkpoints: Option<Checkpoints>,
    _server: Server,
}

/// Held for as long as it has to run.
#[expect(dead_code, reason = "only their drop matters")]
enum Server {
    Onefold(Process),
    Kafka(Kafka),
}

impl Running {
    /// Resident memory in MiB.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        memory_mib(self.pid, "VmRSS:")
    }

    /// How many checkpoints there were, where there are any.
    pub fn checkpoints(&self) -> Option<u64> {
        self.checkpoints.as_ref().map(Checkpoints::seen)
    }
}

fn onefold(binary: &Path, home: &Path) -> anyhow::Result<Running> {
    let address = free_address()?;
    let began = Instant::now();
    let data = home.join("broker");
    let process = Process::broker(binary, &data, &address, &home.join("broker.log"))?;
    let (start, pid) = (began.elapsed(), process.pid());
    let checkpoints = Some(Checkpoints::watch(&data));
    Ok(Running { address, start, pid, checkpoints, _server: Server::Onefold(process) })
}
