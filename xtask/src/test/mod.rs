//! `cargo xtask test`: all that must hold, in the order in which a failure is cheapest to learn of.
//!
//! The last line is the sum of what cargo test and the later steps counted, in cargo test's own form.

mod count;

use crate::{
    abuse, clients, kafka_parity, kafka_secured, kill,
    services::{Durability, Kafka},
    shell, tools, tree,
};
use count::Count;

#[derive(clap::Args)]
pub struct Options {
    /// Only cargo test
    #[arg(long)]
    only_cargo: bool,
    /// Kills in each campaign
    #[arg(long, default_value_t = 30)]
    kills: u32,
    /// Of the campaigns; drawn and printed if not given
    #[arg(long)]
    seed: Option<u64>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut count = Count::default();
    count.cargo_test(shell::cargo().args(["test", "--workspace", "--no-fail-fast"]).current_dir(tree::root()))?;
    if !options.only_cargo {
        further(&mut count, options);
    }
    count.close()
}

/// What needs more than cargo: strangers and time. The binary is the one that cargo test has just built.
fn further(count: &mut Count, options: &Options) {
    let binary = tree::target().join("debug/onefold");
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    count.step_with("unmodified clients", clients::needs, |tools| clients::against_onefold(&tools, &binary));
    count.step("abuse of the broker", || abuse::campaign(&binary, seed));
    count.step("kill -9 of the broker", || kill::of_broker(&binary, options.kills, seed));
    count.step("kill -9 of run", || kill::of_run(&binary, options.kills, seed));
    count.step_with(
        "the log on Apache Kafka",
        || Kafka::start(Durability::PageCache),
        |kafka| kafka_parity::log_suite(&kafka),
    );
    count.step_with(
        "the same file on Apache Kafka",
        || Kafka::start(Durability::PageCache),
        |kafka| kafka_parity::campaign(&kafka, &binary),
    );
    count.step_with("TLS and passwords on Apache Kafka", tools::keytool, |_| kafka_secured::campaign(&binary));
}
