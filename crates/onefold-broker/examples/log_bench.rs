//! The log alone, without server and clients, next to the disk it stands on, in one run:
//!
//!     cargo run --release -p onefold-broker --example log_bench -- <folder on the disk to measure>
//!
//! First one 1 KiB batch at a time, each awaited as durable, in turns with a bare pwrite and fdatasync of as many bytes
//! into a preallocated, zero-filled file. Then as much as goes, by batch size, through checkpoints and all.

use bytes::Bytes;
use onefold_broker::disk::RealDisk;
use onefold_broker::log::{Log, LogSettings};
use onefold_broker_core::batch::{BatchBuilder, patch};
use onefold_broker_core::{Append, Lsn, Record, TopicId, TopicPartition};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;
const A_ROUND: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into())).join("log_bench.tmp");
    std::fs::create_dir_all(&folder)?;
    let started = Instant::now();
    let log = Log::open(Arc::new(RealDisk), &folder.join("log"), LogSettings::default())?;
    println!("start                     {:>8.2?}", started.elapsed());
    let topic = TopicId([1; 16]);
    let record = Record::TopicCreated { id: topic, name: "t".into(), partitions: 6, configs: vec![] };
    log.wait_durable(log.sequence(|_, _| ((), Some(record)))?.1).await?;
    latency(&log, topic, &folder).await?;
    for (name, size, count) in [("16 KiB batches", 16 << 10, 100_000), ("1 MiB batches", 1 << 20, 2_000)] {
        throughput(&log, topic, name, size, count).await?;
    }
    let stopping = Instant::now();
    log.shutdown();
    println!("shutdown                  {:>8.2?}", stopping.elapsed());
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

async fn latency(log: &Log, topic: TopicId, folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let path = folder.join("plain");
    let file = File::create(&path)?;
    (0..64).try_for_each(|mib| file.write_all_at(&[0; 1 << 20], mib << 20))?;
    file.sync_all()?;
    let batch = BatchBuilder::new().record(1_700_000_000_000, None, Some(&[7; 1024])).build();
    let (mut disk, mut whole) = (Vec::new(), Vec::new());
    let at = TopicPartition::new(topic, 0);
    for round in 0..ROUNDS {
        for n in 0..A_ROUND {
            let begin = Instant::now();
            file.write_all_at(&batch, ((round * A_ROUND + n) * batch.len()) as u64)?;
            file.sync_data()?;
            disk.push(begin.elapsed());
        }
        for _ in 0..A_ROUND {
            let bytes = batch.clone();
            let begin = Instant::now();
            // On a worker, as a connection's task would.
            let log = log.clone();
            tokio::spawn(async move { log.wait_durable(append(&log, at, bytes)).await }).await??;
            whole.push(begin.elapsed());
        }
    }
    report("disk: pwrite + fdatasync", &mut disk);
    report("log: append + wait", &mut whole);
    Ok(())
}

async fn throughput(
    log: &Log,
    topic: TopicId,
    name: &str,
    size: usize,
    count: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let batch = BatchBuilder::new().record(1_700_000_000_000, None, Some(&vec![7; size])).build();
    let begin = Instant::now();
    let mut last = Lsn::NONE;
    for n in 0..count {
        let _room = log.room(batch.len()).await?;
        last = append(log, TopicPartition::new(topic, (n % 6) as i32), batch.clone());
    }
    log.wait_durable(last).await?;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{name:<25} {:>8.0} MB/s, {:.0} batches/s", (size * count) as f64 / seconds / 1e6, count as f64 / seconds);
    Ok(())
}

fn append(log: &Log, at: TopicPartition, mut bytes: Vec<u8>) -> Lsn {
    let sequenced = log.sequence(|state, _| {
        let base_offset = state.partition(at).map_or(0, |partition| partition.log_end());
        patch(&mut bytes, base_offset, state.leader_epoch());
        ((), Some(Record::Appended(vec![Append { at, base_offset, batch: Bytes::from(bytes) }])))
    });
    sequenced.map_or(Lsn::NONE, |(_, lsn)| lsn)
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1000];
    println!("{name:<25} p50 {:>8.1?}  p99 {:>8.1?}  p99.9 {:>8.1?}", at(500), at(990), at(999));
}
