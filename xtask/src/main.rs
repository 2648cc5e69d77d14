//! What CI, the README and a maintainer call: `cargo xtask COMMAND`.
//!
//! Nothing here links a crate of Onefold: what checks the product computes by code of its own and talks to it as a
//! stranger would, through its binary, its files and the wire.

mod payments;
mod tree;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests, checks, campaigns and benchmarks of Onefold")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write examples/payments/payments.ndjson from its seed
    Payments(payments::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Payments(options) => payments::run(&options),
    }
}
