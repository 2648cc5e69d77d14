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
    fmt, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// No drain of the example takes longer, even on a busy machine.
const RUN_MAX: Duration = Duration::from_secs(300);
/// A round that is killed more often than this is let through.
const KILLS_PER_ROUND: usize = 20;

pub fn campaign(binary: &Path, times: u32, seed: u64) -> anyhow::Result<()> {
    println!("kill run: {times} kills, seed {seed}, {}", binary.display());
    play(binary, times, seed).with_context(|| replay("run", times, seed, binary))
}

fn play(binary: &Path, times: u32, seed: u64) -> anyhow::Result<()> {
    let (began, rng) = (Instant::now(), &mut Rng::with_seed(seed));
    let calm = round(binary, &mut Vec::new().into_iter())?;
    println!("  undisturbed: {:.1} s, loaded after {:.1} s, {}", secs(calm.took), secs(calm.loaded), calm.found);
    let (mut kills, mut rounds) = (Kills::default(), 0);
    while kills.all() < times {
        let mut plan = plan(rng, &calm);
        plan.truncate((times - kills.all()) as usize);
        let round = round(binary, &mut plan.into_iter())?;
        (kills, rounds) = (kills.and(round.kills), rounds + 1);
        println!(
            "  round {rounds}: {}, {:.1} s, {} of {times} after {:.0} s: {}",
            round.kills,
            secs(round.took),
            kills.all(),
            secs(began.elapsed()),
            round.found
        );
    }
    println!(
        "kill run: {kills} in {rounds} rounds, seed {seed}, {:.0} s: the end state is the same each time",
        secs(began.elapsed())
    );
    Ok(())
}

fn secs(time: Duration) -> f32 {
    time.as_secs_f32()
}

/// When each start of a round is killed. A load happens once a round, so the first kills fall into it, none to three of
/// them; of the others one in four into start and recovery, and the rest anywhere in a run and a little beyond.
fn plan(rng: &mut Rng, calm: &Round) -> Vec<Duration> {
    let loads = rng.usize(..=3);
    let load = calm.loaded.saturating_sub(calm.noted);
    let moment = |nth: usize| match rng.u8(..4) {
        _ if nth < loads => calm.noted + load.mul_f64(rng.f64() * 1.1),
        0 => calm.noted.mul_f64(rng.f64() * 1.1),
        _ => calm.took.mul_f64(rng.f64() * 1.1),
    };
    (0..KILLS_PER_ROUND).map(moment).collect()
}

struct Round {
    kills: Kills,
    took: Duration,
    /// When the last start of it began to send its file, and when all of it was there.
    noted: Duration,
    loaded: Duration,
    found: verify::Found,
}

/// How many kills fell where, by what the killed process had said.
#[derive(Clone, Copy, Default)]
struct Kills {
    starting: u32,
    loading: u32,
    running: u32,
}

impl Kills {
    fn all(self) -> u32 {
        self.starting + self.loading + self.running
    }

    fn and(self, more: Kills) -> Kills {
        Kills {
            starting: self.starting + more.starting,
            loading: self.loading + more.loading,
            running: self.running + more.running,
        }
    }

    fn note(&mut self, said: &str) {
        match said {
            said if said.contains(LOADED) => self.running += 1,
            said if said.contains(TOLD) => self.loading += 1,
            _ => self.starting += 1,
        }
    }
}

impl fmt::Display for Kills {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Kills { starting, loading, running } = self;
        write!(f, "{} kills ({starting} starting, {loading} loading, {running} running)", self.all())
    }
}

/// What `run` says before it loads its file, and after.
const TOLD: &str = "\"event\":\"guarantee\"";
const LOADED: &str = "\"event\":\"loaded\"";

fn round(binary: &Path, moments: &mut dyn Iterator<Item = Duration>) -> anyhow::Result<Round> {
    let home = tempfile::tempdir()?;
    copy_example(home.path())?;
    let log = home.path().join("run.log");
    let (began, mut kills) = (Instant::now(), Kills::default());
    let (mut noted, mut loaded) = (Duration::ZERO, Duration::ZERO);
    let result = loop {
        let (started, before) = (Instant::now(), said_after(&log, 0).len());
        let mut process = Process::start(binary, &["run", "onefold.toml", "--drain", "--json"], home.path(), &log)?;
        let planned = moments.next();
        let limit = planned.unwrap_or(RUN_MAX);
        if planned.is_none() {
            // Nothing ends it before its time: how long it starts and loads can be seen.
            let mut until = |seen: &dyn Fn() -> bool| -> anyhow::Result<Duration> {
                while !seen() && started.elapsed() < limit && process.ended_within(Duration::from_millis(5))?.is_none()
                {
                }
                Ok(started.elapsed())
            };
            // The load's note is there right before its first record is sent.
            let note = home.path().join("data/load/payments.json");
            (noted, loaded) = (until(&|| note.exists())?, until(&|| said_after(&log, before).contains(LOADED))?);
        }
        match process.ended_within(limit.saturating_sub(started.elapsed()))? {
            Some(status) if status.success() => break Ok(()),
            Some(status) => break Err(anyhow::anyhow!("run ended with {status}:\n{}", process.said())),
            None if planned.is_none() => break Err(anyhow::anyhow!("run does not end:\n{}", process.said())),
            None => {
                process.kill();
                kills.note(&said_after(&log, before));
            }
        }
    };
    let took = began.elapsed();
    match result.and_then(|()| verify::compare(home.path(), binary)) {
        Ok(found) => Ok(Round { kills, took, noted, loaded, found }),
        Err(error) => bail!("after {kills}, left in {}: {error:#}", home.keep().display()),
    }
}

/// What was printed beyond the first so many bytes.
fn said_after(log: &Path, bytes: usize) -> String {
    let all = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(all.get(bytes..).unwrap_or_default()).into_owned()
}

/// The example in a folder of its own, on ports of its own.
pub fn copy_example(to: &Path) -> anyhow::Result<PathBuf> {
    let settings = fs::read_to_string(tree::example().join("onefold.toml"))?;
    let settings = settings.replace("127.0.0.1:9092", &free_address()?).replace("127.0.0.1:8085", &free_address()?);
    fs::write(to.join("onefold.toml"), settings)?;
    fs::copy(tree::example().join("payments.ndjson"), to.join("payments.ndjson"))?;
    Ok(to.join("onefold.toml"))
}
