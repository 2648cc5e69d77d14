//! Campaigns: the product is killed at random moments, started again, and must have kept its word.
//!
//! A campaign prints its seed; the same seed draws the same moments (what the machine does in them is its own).

mod broker;
mod power;
mod run;

use crate::tree;
use std::path::{Path, PathBuf};

pub use broker::campaign as of_broker;
pub use run::{campaign as of_run, copy_example};

#[derive(clap::Subcommand)]
pub enum Options {
    /// `onefold run` in the payments example, until its end state stands
    Run(Times),
    /// The broker alone, under pipelined idempotent producers
    Broker(Times),
    /// The broker's storage on a simulated disk that forgets what was not synced
    Power(power::Options),
}

#[derive(clap::Args)]
pub struct Times {
    /// How many kills
    #[arg(long, default_value_t = 300)]
    pub times: u32,
    /// Repeats an earlier campaign's moments
    #[arg(long)]
    pub seed: Option<u64>,
    /// The onefold binary; built as users have it if not given
    #[arg(long)]
    pub binary: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    match options {
        Options::Run(times) => of_run(&times.binary()?, times.times, times.seed()),
        Options::Broker(times) => of_broker(&times.binary()?, times.times, times.seed()),
        Options::Power(options) => power::run(options),
    }
}

impl Times {
    fn binary(&self) -> anyhow::Result<PathBuf> {
        self.binary.as_deref().map_or_else(tree::onefold_release, |binary| tree::onefold_at(Some(binary)))
    }

    fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000))
    }
}

/// How a failed campaign is run again.
fn replay(what: &str, times: u32, seed: u64, binary: &Path) -> String {
    format!("to replay: cargo xtask kill {what} --times {times} --seed {seed} --binary {}", binary.display())
}
