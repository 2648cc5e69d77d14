//! Power loss, as the broker's own storage tests simulate it, for longer than CI has time.

use crate::{shell, tree};

#[derive(clap::Args)]
pub struct Options {
    /// Crash images to recover and check
    #[arg(long, default_value_t = 100_000)]
    images: u64,
    #[arg(long)]
    seed: Option<u64>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--package", "onefold-broker", "--features", "sim", "--", "--nocapture", "power_loss"]);
    cargo.env("ONEFOLD_POWER_IMAGES", options.images.to_string()).current_dir(tree::root());
    if let Some(seed) = options.seed {
        cargo.env("ONEFOLD_POWER_SEED", seed.to_string());
    }
    shell::run(&mut cargo)
}
