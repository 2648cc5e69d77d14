//! What CI, the README and a maintainer call: `cargo xtask COMMAND`.
//!
//! Nothing here links a crate of Onefold: what checks the product computes by code of its own and talks to it as a
//! stranger would, through its binary, its files and the wire.

mod abuse;
mod bench;
mod check;
mod clients;
mod kafka_parity;
mod kafka_secured;
mod kill;
mod payments;
mod process;
mod services;
mod shell;
mod test;
mod tools;
mod tree;
mod verify;
mod wire;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests, checks, campaigns and benchmarks of Onefold")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every test; sets up what they need
    Test(test::Options),
    /// Format, lints, each feature alone, documentation, licences
    Check(check::Options),
    /// Unmodified clients from PyPI and Debian against the broker
    Clients(clients::Options),
    /// Random bytes, bombs, idle and slow clients against the broker, beside an honest one
    Abuse(abuse::Options),
    /// Kill at random moments, and check what is left
    #[command(subcommand)]
    Kill(kill::Options),
    /// The same onefold.toml on Apache Kafka: same end state; refused in the embedded broker's folder
    KafkaParity(kafka_parity::Options),
    /// TLS, PLAIN and SCRAM on Apache Kafka, and what is said when they do not fit
    KafkaSecured(kafka_secured::Options),
    /// Measure, beside others
    #[command(subcommand)]
    Bench(bench::Options),
    /// Compare the example's end state with what its input asks for
    VerifyPayments(verify::Options),
    /// Apache Kafka for work by hand
    #[command(subcommand)]
    Services(services::Options),
    /// Write examples/payments/payments.ndjson from its seed
    Payments(payments::Options),
}

fn main() -> ExitCode {
    match perform(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Test(options) => test::run(options),
        Command::Check(options) => check::run(options),
        Command::Abuse(options) => abuse::run(options),
        Command::Clients(options) => clients::run(options),
        Command::KafkaParity(options) => kafka_parity::run(options),
        Command::KafkaSecured(options) => kafka_secured::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Kill(options) => kill::run(options),
        Command::VerifyPayments(options) => verify::run(options),
        Command::Services(options) => services::run(options),
        Command::Payments(options) => payments::run(options),
    }
}
