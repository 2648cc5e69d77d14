//! The broker is killed under idempotent producers that keep up to five batches a partition unanswered.
//!
//! After each kill a producer repeats, byte for byte, its last five batches of every partition, answered ones too:
//! those must answer with the offset that they were given. At the end every record must be there once, where its
//! answer said, in order, and everything that a reader saw meanwhile must be there still.

mod history;
mod producer;
mod reader;

use super::replay;
use crate::{
    process::{Process, free_address},
    wire::{self, Connection},
};
use anyhow::Context;
use fastrand::Rng;
use history::History;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const TOPIC: &str = "kill";
const PARTITIONS: i32 = 3;
const PRODUCERS: u64 = 3;

/// What the threads of a campaign share.
struct Scene {
    address: String,
    /// No new batches from here on.
    closing: AtomicBool,
    /// Everything is answered; the reader may go.
    closed: AtomicBool,
}

pub fn campaign(binary: &Path, times: u32, seed: u64) -> anyhow::Result<()> {
    println!("kill broker: {times} kills, seed {seed}");
    let began = Instant::now();
    let history = play(binary, times, seed).and_then(|history| history.check().map(|()| history));
    let history = history.with_context(|| replay("broker", times, seed, binary))?;
    println!("kill broker: {times} kills in {:.0} s. {history}", began.elapsed().as_secs_f32());
    Ok(())
}

fn play(binary: &Path, times: u32, seed: u64) -> anyhow::Result<History> {
    let home = tempfile::tempdir()?;
    let (data, log) = (home.path().join("data"), home.path().join("broker.log"));
    let scene =
        Arc::new(Scene { address: free_address()?, closing: AtomicBool::new(false), closed: AtomicBool::new(false) });
    let mut broker = Process::broker(binary, &data, &scene.address, &log)?;
    wire::create_topic(&mut Connection::open(&scene.address)?, TOPIC, PARTITIONS)?;

    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let scene = scene.clone();
            thread::spawn(move || producer::run(&scene, number, seed))
        })
        .collect();
    let reading = thread::spawn({
        let scene = scene.clone();
        move || reader::run(&scene)
    });

    let mut rng = Rng::with_seed(seed);
    for _ in 0..times {
        // Some within recovery itself, most under load.
        thread::sleep(Duration::from_micros(if rng.u8(..8) == 0 { rng.u64(..5_000) } else { rng.u64(5_000..150_000) }));
        broker.kill();
        if producers.iter().any(thread::JoinHandle::is_finished) {
            break;
        }
        broker = Process::broker(binary, &data, &scene.address, &log)?;
    }
    // What the last restart left must serve, too.
    thread::sleep(Duration::from_millis(200));
    scene.closing.store(true, Ordering::Release);
    let mut history = History::default();
    for producer in producers {
        history.sent.extend(joined(producer)?);
    }
    scene.closed.store(true, Ordering::Release);
    history.read_early = joined(reading)?;
    history.log = reader::everything(&scene.address).with_context(|| broker.said())?;
    Ok(history)
}

fn joined<T>(thread: thread::JoinHandle<anyhow::Result<T>>) -> anyhow::Result<T> {
    thread.join().map_err(|_| anyhow::anyhow!("a thread of the campaign panicked"))?
}
