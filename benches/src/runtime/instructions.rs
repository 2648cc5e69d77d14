//! Instructions a message, counted by callgrind: the same whatever else the machine does. What starting, joining the
//! group and ending cost is taken out by the difference of a longer run and a shorter one.

use crate::fill;
use anyhow::Context;
use std::{
    env,
    process::{Command, Stdio},
};

/// Topics of their own: a run reads all of one.
const SHORT: (&str, u32) = ("short", 20_000);
const LONG: (&str, u32) = ("long", 120_000);

pub async fn fill(address: &str) -> anyhow::Result<()> {
    for (topic, messages) in [SHORT, LONG] {
        fill::fill(address, topic, messages).await?;
    }
    Ok(())
}

/// Of the whole process, user space, librdkafka's threads among it.
pub fn count(address: &str, side: &str) -> anyhow::Result<f64> {
    Ok((run(address, side, LONG)? - run(address, side, SHORT)?) / f64::from(LONG.1 - SHORT.1))
}

fn run(address: &str, side: &str, (topic, messages): (&str, u32)) -> anyhow::Result<f64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
    command.args([side, address, topic, &messages.to_string()]);
    let done = command.stdin(Stdio::null()).output().context("valgrind (Debian's package) is needed")?;
    let said = String::from_utf8_lossy(&done.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, count)| count.trim());
    let collected = collected.and_then(|count| count.parse().ok());
    collected.with_context(|| format!("callgrind counted nothing of {side}: {said}"))
}
