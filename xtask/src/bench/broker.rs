//! `cargo xtask bench broker`: latency of a durable answer, rates, start, memory, beside Apache Kafka and the disk.

use super::{
    disk::Yardstick,
    echo::Echo,
    idle,
    load::{self, OneAtATime},
    memory,
    numbers::percentile,
    opponent::{ALL, Opponent},
    results::Results,
};
use crate::tree;
use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Answers and writes of the yardstick take turns so often.
const ROUNDS: usize = 20;
const P50: &str = "acks=all 1 KiB one at a time, p50, µs";
const P99: &str = "acks=all 1 KiB one at a time, p99, µs";

#[derive(clap::Args)]
pub struct Options {
    /// How often each opponent has its turn
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// MiB to produce and consume at each size; 2560 take Onefold through more than ten checkpoints
    #[arg(long, default_value_t = 2560)]
    mib: usize,
    /// Answers of the latency measurement
    #[arg(long, default_value_t = 4000)]
    answers: usize,
    /// Bytes of the records
    #[arg(long, value_delimiter = ',', default_value = "100,1024,10240")]
    sizes: Vec<usize>,
    /// The onefold binary; built in release if not given
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Who takes part; all if not given
    #[arg(long, value_enum)]
    only: Vec<Opponent>,
    /// Where the data goes; the disk under it is what is measured
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Adds to what earlier calls have left in this file, and prints all of it
    #[arg(long)]
    results: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let binary = options.binary.clone().map_or_else(tree::onefold_release, Ok)?;
    let mut results = Results::read(options.results.as_deref())?;
    for turn in 1..=options.turns {
        for opponent in ALL.into_iter().filter(|one| options.only.is_empty() || options.only.contains(one)) {
            eprintln!("turn {turn}: {}", opponent.name());
            let home = tempfile::tempdir_in(&options.folder)?;
            measure(opponent, &binary, home.path(), options, &mut results)?;
            results.save(options.results.as_deref())?;
        }
    }
    results.print();
    let (p50, p99) = (results.value(P50, Opponent::Onefold), results.value(P99, Opponent::Onefold));
    let (disk_p50, disk_p99) =
        (results.value(&disk(0, "p50"), Opponent::Onefold), results.value(&disk(0, "p99"), Opponent::Onefold));
    println!("\nbeside the disk in the same turns: p50 {:+.0} µs, p99 {:.2} times", p50 - disk_p50, p99 / disk_p99);
    Ok(())
}

fn measure(
    opponent: Opponent,
    binary: &Path,
    home: &Path,
    options: &Options,
    results: &mut Results,
) -> anyhow::Result<()> {
    idle::wait()?;
    let running = opponent.start(binary, home)?;
    let mut note = |what: &str, value: f64| results.add(what, opponent, value);
    note("start, ms", running.start.as_secs_f64() * 1e3);
    thread::sleep(Duration::from_secs(1));
    note("memory idle, MiB", running.memory_mib()?);
    if options.answers > 0 {
        latency(&running.address, home, options.answers, &mut note)?;
    }
    for &size in &options.sizes {
        let (topic, name) = (format!("rate-{size}"), bytes(size));
        idle::wait()?;
        // As much as the page cache will hold of it, and some more.
        memory::warm(options.mib + options.mib / 4);
        let before = running.checkpoints();
        note(&format!("produce {name}, records/s"), load::produce(&running.address, &topic, size, options.mib << 20)?);
        if let (Some(before), Some(after)) = (before, running.checkpoints()) {
            note(&format!("checkpoints in that, {name}"), (after - before) as f64);
        }
        idle::wait()?;
        note(&format!("consume {name}, records/s"), load::consume(&running.address, &topic)?);
    }
    note("memory loaded, MiB", running.memory_mib()?);
    Ok(())
}

/// Answers and bare writes to the same disk, in turns.
fn latency(address: &str, home: &Path, answers: usize, note: &mut impl FnMut(&str, f64)) -> anyhow::Result<()> {
    let mut yardstick = Yardstick::new(home)?;
    let mut echo = Echo::new()?;
    let mut client = OneAtATime::open(address, "latency", 1024)?;
    // The first answers are the broker's warming up (most of all a JVM's); they do not count.
    client.some(answers / 4)?;
    client.took.clear();
    for _ in 0..ROUNDS {
        yardstick.some(answers / ROUNDS)?;
        echo.some(answers / ROUNDS)?;
        client.some(answers / ROUNDS)?;
    }
    for (way, took) in yardstick.took.iter_mut().enumerate().filter(|(_, took)| !took.is_empty()) {
        note(&disk(way, "p50"), micros(percentile(took, 0.5)));
        note(&disk(way, "p99"), micros(percentile(took, 0.99)));
    }
    note("loopback without a broker, p50, µs", micros(percentile(&mut echo.took, 0.5)));
    note("loopback without a broker, p99, µs", micros(percentile(&mut echo.took, 0.99)));
    note(P50, micros(percentile(&mut client.took, 0.5)));
    note(P99, micros(percentile(&mut client.took, 0.99)));
    Ok(())
}

fn disk(way: usize, share: &str) -> String {
    format!("the disk, {}, {share}, µs", super::disk::WAYS[way])
}

fn bytes(size: usize) -> String {
    if size.is_multiple_of(1024) { format!("{} KiB", size / 1024) } else { format!("{size} B") }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
