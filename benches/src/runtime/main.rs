//! What the runtime costs: the same topic read by an `EffectFirst` pipeline with a handler that does nothing, and by a
//! loop written by hand with rdkafka that keeps the same promise. Each turn is a process of its own, in turns, so that
//! instructions and allocations are its own; the broker runs in the parent.

mod allocations;
mod by_hand;
mod fill;
mod instructions;
mod turns;
mod with_onefold;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    /// How often each side has its turn
    #[arg(long, default_value_t = 5)]
    turns: u32,
    /// Messages a turn
    #[arg(long, default_value_t = 500_000)]
    messages: u32,
    #[command(subcommand)]
    side: Option<Side>,
}

/// One turn, started by the parent; or the filling alone, for a look with a profiler.
#[derive(Subcommand)]
enum Side {
    ByHand { address: String, topic: String, messages: u32 },
    WithOnefold { address: String, topic: String, messages: u32 },
    Fill { address: String, topic: String, messages: u32 },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.side {
        None => turns::play(arguments.turns, arguments.messages),
        Some(Side::ByHand { address, topic, messages }) => by_hand::run(address, topic, *messages)?.print(),
        Some(Side::WithOnefold { address, topic, messages }) => with_onefold::run(address, topic, *messages)?.print(),
        Some(Side::Fill { address, topic, messages }) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(fill::fill(address, topic, *messages))
        }
    }
}
