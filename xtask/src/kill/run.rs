//! `onefold run --drain` in a copy of the payments example is killed, started again, killed, until it ends by itself;
//! then its end state must be the one that the input asks for. Round after round from a fresh folder, until there
//! were enough kills.

use super::replay;
use crate::{
    process::{Process, free_address},
    tree, verify,
};
use anyhow::{Context, bail};
use fastrand::Rng;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// No drain of the example takes longer, even on a busy machine.
const RUN_MAX: Duration = Duration::from_secs(300);
/// A round that is killed more often than this is let through.
const KILLS_PER_ROUND: u32 = 20;

pub fn campaign(binary: &Path, times: u32, seed: u64) -> anyhow::Result<()> {
    println!("kill run: {times} kills, seed {seed}");
    play(binary, times, &mut Rng::with_seed(seed)).with_context(|| replay("run", times, seed, binary))
}

fn play(binary: &Path, times: u32, rng: &mut Rng) -> anyhow::Result<()> {
    let began = Instant::now();
    let calm = round(binary, &mut Vec::new().into_iter())?;
    println!("  undisturbed: {:.1} s, {}", calm.took.as_secs_f32(), calm.found);
    let (mut kills, mut rounds) = (0, 0);
    while kills < times {
        let plan: Vec<_> = (0..KILLS_PER_ROUND.min(times - kills)).map(|_| moment(rng, calm.took)).collect();
        let round = round(binary, &mut plan.into_iter())?;
        (kills, rounds) = (kills + round.kills, rounds + 1);
        println!("  round {rounds}: {} kills, {:.1} s, {}", round.kills, round.took.as_secs_f32(), round.found);
    }
    println!(
        "kill run: {kills} kills in {rounds} rounds, {:.0} s: the end state is the same each time",
        began.elapsed().as_secs_f32()
    );
    Ok(())
}

/// One in three falls into start, recovery or load; the others anywhere in a run and a little beyond.
fn moment(rng: &mut Rng, calm: Duration) -> Duration {
    let share = if rng.u8(..3) == 0 { rng.f64() * 0.1 } else { rng.f64() * 1.1 };
    calm.mul_f64(share)
}

struct Round {
    kills: u32,
    took: Duration,
    found: verify::Found,
}

fn round(binary: &Path, moments: &mut dyn Iterator<Item = Duration>) -> anyhow::Result<Round> {
    let home = tempfile::tempdir()?;
    copy_example(home.path())?;
    let log = home.path().join("run.log");
    let (began, mut kills) = (Instant::now(), 0);
    let result = loop {
        let mut process = Process::start(binary, &["run", "onefold.toml", "--drain"], home.path(), &log)?;
        let planned = moments.next();
        match process.ended_within(planned.unwrap_or(RUN_MAX))? {
            Some(status) if status.success() => break Ok(()),
            Some(status) => break Err(anyhow::anyhow!("run ended with {status}:\n{}", process.said())),
            None if planned.is_none() => break Err(anyhow::anyhow!("run does not end:\n{}", process.said())),
            None => kills += 1,
        }
    };
    let took = began.elapsed();
    match result.and_then(|()| verify::compare(home.path(), binary)) {
        Ok(found) => Ok(Round { kills, took, found }),
        Err(error) => bail!("after {kills} kills, left in {}: {error:#}", home.keep().display()),
    }
}

/// The example in a folder of its own, on ports of its own.
pub fn copy_example(to: &Path) -> anyhow::Result<PathBuf> {
    let settings = fs::read_to_string(tree::example().join("onefold.toml"))?;
    let settings = settings.replace("127.0.0.1:9092", &free_address()?).replace("127.0.0.1:8085", &free_address()?);
    fs::write(to.join("onefold.toml"), settings)?;
    fs::copy(tree::example().join("payments.ndjson"), to.join("payments.ndjson"))?;
    Ok(to.join("onefold.toml"))
}
