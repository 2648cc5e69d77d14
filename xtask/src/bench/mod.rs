//! Benchmarks that print ratios: everything to be compared runs in the same minutes on the same machine, in turns,
//! and the median of the turns counts.

mod broker;
mod checkpoints;
mod disk;
mod echo;
mod idle;
mod load;
mod memory;
mod numbers;
mod opponent;
mod results;
mod runtime;

#[derive(clap::Subcommand)]
pub enum Options {
    /// The broker beside Apache Kafka and the bare disk
    Broker(broker::Options),
    /// The runtime beside a loop written by hand with rdkafka
    Runtime(runtime::Options),
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    match options {
        Options::Broker(options) => broker::run(options),
        Options::Runtime(options) => runtime::run(options),
    }
}
