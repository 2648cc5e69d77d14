//! The turns: a process each, alternating; medians of the ratios.

use crate::{allocations, fill};
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
    instructions: f64,
}

impl Turn {
    pub fn since((began, allocated): (Instant, u64), messages: u32) -> Turn {
        let per = f64::from(messages);
        Turn {
            messages_per_s: per / began.elapsed().as_secs_f64(),
            allocations: (allocations::count() - allocated) as f64 / per,
            instructions: f64::NAN,
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
    runtime.block_on(fill::fill(&address, messages))?;
    let (mut hand, mut ours) = (Vec::new(), Vec::new());
    for number in 0..turns {
        hand.push(turn("by-hand", &address, number, messages)?);
        ours.push(turn("with-onefold", &address, number, messages)?);
    }
    runtime.block_on(broker.shutdown());
    println!("| | by hand | onefold | ratio (median of {turns} turns) |\n|---|---|---|---|");
    row("messages/s", &hand, &ours, |turn| turn.messages_per_s);
    row("allocations a message (Rust side)", &hand, &ours, |turn| turn.allocations);
    row("instructions a message (whole process, user)", &hand, &ours, |turn| turn.instructions);
    Ok(())
}

fn turn(side: &str, address: &str, number: u32, messages: u32) -> anyhow::Result<Turn> {
    let program = env::current_exe()?;
    let group = format!("{side}-{number}");
    let counted = Command::new("perf").args(["stat", "true"]).output().is_ok_and(|done| done.status.success());
    let mut command = if counted {
        let mut perf = Command::new("perf");
        perf.args(["stat", "-x", ",", "-e", "instructions:u"]).arg(program);
        perf
    } else {
        Command::new(program)
    };
    let done = command.args([side, address, &group, &messages.to_string()]).stdin(Stdio::null()).output()?;
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let mut numbers = said.split_whitespace().map(str::parse::<f64>);
    let mut next = || numbers.next().and_then(Result::ok).with_context(|| format!("{side} failed: {complained}"));
    let instructions =
        complained.lines().find(|line| line.contains("instructions")).and_then(|line| line.split(',').next());
    let instructions =
        instructions.and_then(|count| count.parse::<f64>().ok()).unwrap_or(f64::NAN) / f64::from(messages);
    Ok(Turn { messages_per_s: next()?, allocations: next()?, instructions })
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
