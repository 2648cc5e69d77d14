//! Power loss, as the broker's own storage test simulates it, for longer than CI has time: each seed is another mixed
//! workload, crashed before each of its effects on the disk in several ways (some 700 images a seed, most of them
//! started and crashed once more).

use crate::{shell, tree};

const TEST: &str = "d1_to_d7_hold_at_every_effect_of_a_mixed_workload";

#[derive(clap::Args)]
pub struct Options {
    /// How many workloads
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first one; CI runs from 1
    #[arg(long, default_value_t = 1)]
    from: u64,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--package", "onefold-broker", "--test", "crash", TEST, "--", "--nocapture"]);
    cargo.env("ONEFOLD_CRASH_FROM", options.from.to_string());
    cargo.env("ONEFOLD_CRASH_SEEDS", options.seeds.to_string());
    shell::run(cargo.current_dir(tree::root()))
}
