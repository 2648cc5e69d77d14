//! `cargo xtask bench runtime`: the benchmark itself links Onefold and rdkafka, so it is a program of its own, in
//! benches/; this builds and starts it.

use crate::{shell, tree};

#[derive(clap::Args)]
pub struct Options {
    /// How often each side has its turn
    #[arg(long, default_value_t = 5)]
    turns: u32,
    /// Messages a turn
    #[arg(long, default_value_t = 500_000)]
    messages: u32,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "onefold-benches", "--bin", "runtime", "--"]);
    cargo.args(["--turns", &options.turns.to_string(), "--messages", &options.messages.to_string()]);
    shell::run(cargo.current_dir(tree::root()))
}
