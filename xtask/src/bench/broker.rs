//! `cargo xtask bench broker`: latency of a durable answer, rates, start, memory, beside Apache Kafka and the disk.

use super::{
    disk, load,
    numbers::{median, short},
    opponent::{ALL, Opponent},
};
use crate::tree;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

const SIZES: [(usize, &str); 3] = [(100, "100 B"), (1024, "1 KiB"), (10_240, "10 KiB")];

#[derive(clap::Args)]
pub struct Options {
    /// How often each opponent has its turn
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// MiB to produce and consume at each size
    #[arg(long, default_value_t = 2048)]
    mib: usize,
    /// Answers of the latency measurement
    #[arg(long, default_value_t = 4000)]
    answers: usize,
    /// The onefold binary; built in release if not given
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Who takes part; all if not given
    #[arg(long, value_enum)]
    only: Vec<Opponent>,
    /// Where the data goes; the disk under it is what is measured
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
}

/// By measure, by opponent: one value a turn.
type Table = BTreeMap<(usize, String), BTreeMap<Opponent, Vec<f64>>>;

pub fn run(options: &Options) -> anyhow::Result<()> {
    let binary = options.binary.clone().map_or_else(tree::onefold_release, Ok)?;
    let mut table = Table::new();
    let mut disk = (Vec::new(), Vec::new());
    for turn in 1..=options.turns {
        for opponent in ALL.into_iter().filter(|one| options.only.is_empty() || options.only.contains(one)) {
            eprintln!("turn {turn}: {}", opponent.name());
            let home = tempfile::tempdir_in(&options.folder)?;
            let (p50, p99) = disk::fdatasync(home.path(), options.answers)?;
            disk.0.push(micros(p50));
            disk.1.push(micros(p99));
            measure(opponent, &binary, home.path(), options, &mut table)?;
        }
    }
    print(&table, (median(disk.0), median(disk.1)));
    Ok(())
}

fn measure(opponent: Opponent, binary: &Path, home: &Path, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    let running = opponent.start(binary, home)?;
    let mut order = 0;
    let mut note = |what: &str, value: f64| {
        order += 1;
        table.entry((order, what.to_owned())).or_default().entry(opponent).or_default().push(value);
    };
    note("start, ms", running.start.as_secs_f64() * 1e3);
    thread::sleep(Duration::from_secs(1));
    note("memory idle, MiB", running.memory_mib()?);
    let (p50, p99) = load::one_at_a_time(&running.address, "latency", 1024, options.answers)?;
    note("acks=all 1 KiB one at a time, p50, µs", micros(p50));
    note("acks=all 1 KiB one at a time, p99, µs", micros(p99));
    for (size, name) in SIZES {
        let topic = format!("rate-{size}");
        note(&format!("produce {name}, records/s"), load::produce(&running.address, &topic, size, options.mib << 20)?);
        note(&format!("consume {name}, records/s"), load::consume(&running.address, &topic)?);
    }
    note("memory loaded, MiB", running.memory_mib()?);
    Ok(())
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn print(table: &Table, (disk_p50, disk_p99): (f64, f64)) {
    println!(
        "The disk: write of 1 KiB + fdatasync, preallocated and zero-filled: p50 {disk_p50:.0} µs, p99 {disk_p99:.0} µs\n"
    );
    let names: Vec<_> = ALL.iter().map(|one| one.name()).collect();
    println!("| | {} | ratio to page cache | ratio to flush=1 |", names.join(" | "));
    println!("|---|{}---|---|", "---|".repeat(names.len()));
    for ((_, what), by) in table {
        let value = |opponent| by.get(&opponent).map_or(f64::NAN, |turns| median(turns.iter().copied()));
        let ours = value(Opponent::Onefold);
        let ratios =
            [Opponent::KafkaPageCache, Opponent::KafkaFsync].map(|other| format!("{:.2}", ours / value(other)));
        let values = ALL.map(|one| short(value(one)));
        println!("| {what} | {} | {} |", values.join(" | "), ratios.join(" | "));
    }
    if let Some(p50) = table.iter().find(|((_, what), _)| what.contains("p50")) {
        let ours = median(p50.1.get(&Opponent::Onefold).into_iter().flatten().copied());
        println!("\np50 over the disk's: {:+.0} µs", ours - disk_p50);
    }
}
