//! Strangers who mean harm, or are merely broken: random bytes, absurd lengths, half frames, bombs, hundreds of idle
//! connections, readers who never read. Meanwhile an honest client must be served, memory must stay bounded, and
//! nothing may panic.

mod attacks;
mod honest;

use crate::{
    process::{Process, free_address},
    tree, wire,
};
use anyhow::{bail, ensure};
use fastrand::Rng;
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// What the broker may hold at the worst moment: its own bounds on frames, tails and answers, with some air.
const MEMORY_MAX_MIB: f64 = 512.0;
/// An honest request may be slow among all this, but not starve.
const WAIT_MAX: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub struct Options {
    #[arg(long)]
    seed: Option<u64>,
    /// The onefold binary; built if not given
    #[arg(long)]
    binary: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let binary = tree::onefold_at(options.binary.as_deref())?;
    campaign(&binary, options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000)))
}

pub fn campaign(binary: &Path, seed: u64) -> anyhow::Result<()> {
    println!("abuse: seed {seed}");
    let (home, address) = (tempfile::tempdir()?, free_address()?);
    let log = home.path().join("broker.log");
    let mut broker = Process::broker(binary, &home.path().join("data"), &address, &log)?;
    wire::create_topic(&mut wire::Connection::open(&address)?, honest::TOPIC, 1)?;
    let over = AtomicBool::new(false);
    let served = thread::scope(|scope| {
        let client = scope.spawn(|| honest::serve(&address, &over));
        let attacked = attacks::ALL.iter().try_for_each(|(name, attack)| {
            attack(&address, &mut Rng::with_seed(seed))?;
            println!("  {name}: {:.0} MiB", broker.memory_mib()?);
            anyhow::Ok(())
        });
        over.store(true, Ordering::Release);
        let served = client.join().map_err(|_| anyhow::anyhow!("the honest client panicked"))?;
        attacked.and(served)
    });
    if let Some(status) = broker.ended_within(Duration::ZERO)? {
        bail!("the broker ended with {status}:\n{}", broker.said());
    }
    let served = served.map_err(|error| error.context(broker.said()))?;
    ensure!(!broker.said().contains("panicked"), "a panic:\n{}", broker.said());
    ensure!(served.slowest < WAIT_MAX, "an honest request took {:?}", served.slowest);
    let peak = broker.peak_memory_mib()?;
    ensure!(peak < MEMORY_MAX_MIB, "the broker held {peak:.0} MiB");
    println!(
        "abuse: {} honest requests, the slowest took {:.0?}; memory at most {peak:.0} MiB",
        served.requests, served.slowest
    );
    Ok(())
}
