//! The turns: a process each, alternating; medians of the ratios.

use crate::{allocations, fill, instructions};
use anyhow::Context;
use onefold_broker::{Broker, BrokerSettings};
use std::{
    env,
    process::{Command, Stdio},
    time::Instant,
};

/// What one side did, per message.
#[derive(Clone, Copy, Default)]
pub struct Turn {
    messages_per_s: f64,
    allocations: f64,
}

impl Turn {
    pub fn since((began, allocated): (Instant, u64), messages: u32) -> Turn {
        let per = f64::from(messages);
        Turn {
            messages_per_s: per / began.elapsed().as_secs_f64(),
            allocations: (allocations::count() - allocated) as f64 / per,
        }
    }

    /// For the parent to read.
    pub fn print(self) -> anyhow::Result<()> {
        println!("{} {}", self.messages_per_s, self.allocations);
        Ok(())
    }
}

pub fn play(turns: u32, messages: u32) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let home = tempfile::tempdir()?;
    let broker = runtime.block_on(Broker::start(BrokerSettings::new(home.path().join("broker"))))?;
    let address = broker.address().to_string();
    runtime.block_on(fill::fill(&address, "bench", messages))?;
    let (mut hand, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        hand.push(turn(&address, "by-hand", messages)?);
        ours.push(turn(&address, "with-onefold", messages)?);
    }
    let counted = runtime
        .block_on(instructions::fill(&address))
        .and_then(|()| Ok((instructions::count(&address, "by-hand")?, instructions::count(&address, "with-onefold")?)));
    runtime.block_on(broker.shutdown());
    println!("| | by hand | onefold | ratio (median of {turns} turns) |\n|---|---|---|---|");
    row("messages/s", &hand, &ours, |turn| turn.messages_per_s);
    row("allocations a message (Rust side)", &hand, &ours, |turn| turn.allocations);
    match counted {
        Ok((hand, ours)) => {
            println!("| instructions a message (whole process) | {hand:.0} | {ours:.0} | {:.3} |", ours / hand);
        }
        Err(why) => println!("\nInstructions are not counted: {why:#}"),
    }
    Ok(())
}

fn turn(address: &str, side: &str, messages: u32) -> anyhow::Result<Turn> {
    let mut command = Command::new(env::current_exe()?);
    let done = command.args([side, address, "bench", &messages.to_string()]).stdin(Stdio::null()).output()?;
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let mut numbers = said.split_whitespace().map(str::parse::<f64>);
    let mut next = || numbers.next().and_then(Result::ok).with_context(|| format!("{side} failed: {complained}"));
    Ok(Turn { messages_per_s: next()?, allocations: next()? })
}

fn row(what: &str, hand: &[Turn], ours: &[Turn], of: fn(&Turn) -> f64) {
    let ratios = hand.iter().zip(ours).map(|(hand, ours)| of(ours) / of(hand)).collect();
    let (hand, ours) = (median(hand.iter().map(of).collect()), median(ours.iter().map(of).collect()));
    println!("| {what} | {hand:.2} | {ours:.2} | {:.3} |", median(ratios));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
