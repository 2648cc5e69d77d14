//! Apache Kafka beside the tests and benchmarks, on free ports and in a temporary folder.
//!
//! `Kafka` lives as long as its owner; `services up` leaves one running, for work by hand, until `services down`.

mod kafka;
mod standing;

pub use kafka::{Durability, Further, Kafka, free_ports};

#[derive(clap::Subcommand)]
pub enum Options {
    /// Start Apache Kafka and leave it running; prints its address
    Up {
        /// Sync before each answer, as Onefold's broker does
        #[arg(long)]
        fsync: bool,
    },
    /// Stop it and remove its data
    Down,
    /// Say whether it runs and where
    Status,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    match options {
        Options::Up { fsync } => standing::up(if *fsync { Durability::Fsync } else { Durability::PageCache }),
        Options::Down => standing::down(),
        Options::Status => standing::status(),
    }
}
