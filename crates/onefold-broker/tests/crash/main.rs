//! Crash enumeration: D1, D4, D5, D6, D7 and I1 to I3 on a disk that forgets what was not synced.
//!
//! Before every effect on the disk (write, sync, create, rename, remove, folder sync) of a mixed workload, the machine is
//! crashed in several ways; each image is started, and must hold every record that was answered as durable, in order and
//! once, answer retries with their first offsets, and raise the epoch. Starts are crashed too. Replay a failing seed with
//! the command that it prints.

mod check;
mod model;
mod promises;
mod workload;

use check::Decide;
use fastrand::Rng;
use onefold_broker::disk::sim::Lost;
use onefold_broker::journal::{Identity, Pace};
use onefold_broker::log::{Clock, Defect, LogSettings, Planted};
use onefold_broker_core::batch::Header;
use onefold_broker_core::produce::{Decision, decide};
use onefold_broker_core::{State, TopicPartition};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use workload::Workload;

const STEPS: usize = 200;

fn settings(defect: Defect) -> LogSettings {
    LogSettings {
        first_file_bytes: 8 << 10,
        journal_file_bytes: 12 << 10,
        pace: Pace::new(16 << 10, Duration::ZERO),
        // So that what is queued makes more than one group.
        group_bytes: 5 << 10,
        segment_bytes: 6 << 10,
        sync_ahead_bytes: 3 << 10,
        // So that few freed files are kept, and used again soon.
        checkpoint_bytes: 12 << 10,
        clock: Clock::Manual(Arc::new(AtomicI64::new(1_700_000_000_000))),
        identity: Some(Identity { cluster_id: [7; 16], salt: [9; 16] }),
        defect,
        ..LogSettings::default()
    }
}

/// Runs one seed and checks about `images` images before each effect; how many were checked.
fn enumerate(seed: u64, images: u64, defect: Defect, decide: Decide) -> Result<u64, String> {
    let checked = Arc::new(AtomicU64::new(0));
    let count = checked.clone();
    let mut rng = Rng::with_seed(!seed);
    let settings = settings(defect);
    let used = settings.clone();
    let watch = move |_: u64, world: &_, model: &_| {
        for image in 0..images {
            let lost = match image {
                0 => Lost::All,
                1 => Lost::Any,
                _ => [Lost::Memory, Lost::Suffix, Lost::Nothing, Lost::Any, Lost::Any][rng.usize(..5)],
            };
            let world = onefold_broker::disk::sim::World::crash(world, lost, &mut rng);
            let starts =
                check::image(&world, &used, model, decide, &mut rng).map_err(|why| format!("{lost:?}: {why}"))?;
            count.fetch_add(starts, Ordering::Relaxed);
        }
        Ok(())
    };
    Workload::new(seed, settings, decide, Arc::new(Mutex::new(watch))).run(STEPS)?;
    Ok(checked.load(Ordering::Relaxed))
}

/// The seeds to run: the one that is asked for, or the first few.
fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("ONEFOLD_CRASH_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => {
            let from = std::env::var("ONEFOLD_CRASH_FROM").ok().and_then(|from| from.parse().ok()).unwrap_or(1);
            let count = std::env::var("ONEFOLD_CRASH_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(count);
            (from..from + count).collect()
        }
    }
}

#[test]
fn d1_to_d7_hold_at_every_effect_of_a_mixed_workload() {
    let mut images = 0;
    for seed in seeds(16) {
        images += enumerate(seed, 5, Defect::default(), check::real).unwrap_or_else(|why| {
            panic!("seed {seed}: {why}\nto replay: cargo xtask kill power --seeds 1 --from {seed}")
        });
    }
    println!("{images} images");
    let all = std::env::vars().all(|(name, _)| !name.starts_with("ONEFOLD_CRASH_"));
    assert!(images > 10_000 || !all, "only {images} images");
}

/// How many seeds a planted defect survives at most before it is caught.
const PATIENCE: u64 = 30;

fn is_caught(defect: Defect, decide: Decide) -> Result<(u64, String), String> {
    for seed in seeds(PATIENCE) {
        if let Err(why) = enumerate(seed, 3, defect, decide) {
            return Ok((seed, why));
        }
    }
    Err(format!("not caught in {PATIENCE} seeds"))
}

/// A broker that remembers each producer's newest batch only.
fn window_of_one(state: &State, at: TopicPartition, header: &Header) -> Decision {
    let mut next = *header;
    next.base_sequence = onefold_broker_core::producer::sequence::next(header.last_sequence());
    match decide(state, at, header) {
        // Where the next sequence is known too, this is not the newest.
        Decision::Duplicate { base_offset, .. } if !matches!(decide(state, at, &next), Decision::Append { .. }) => {
            Decision::Append { base_offset }
        }
        other => other,
    }
}

#[test]
fn every_planted_defect_is_caught() {
    use Planted::*;
    let planted = [
        NoSync,
        NoFolderSync,
        AckBeforeSync,
        StaleFramesAccepted,
        ChecksumIgnored,
        DurableTooHigh,
        TailNotRewritten,
        EpochNotRaised,
        RecycledTooEarly,
        CheckpointRenamedBeforeSync,
        SegmentsNotSynced,
        FoldersWithoutTopic,
        DeletionNotReplayed,
        GroupsNotReplayed,
        MarkersNotReplayed,
        LandsOutOfTurn,
        LandsOverAGap,
        FailedSyncRetried,
    ];
    let mut missed = Vec::new();
    for defect in planted {
        match is_caught(Defect::plant(defect), check::real) {
            Ok((seed, why)) => println!("{defect:?}: caught with seed {seed}: {why}"),
            Err(why) => missed.push(format!("{defect:?}: {why}")),
        }
    }
    match is_caught(Defect::default(), window_of_one) {
        Ok((seed, why)) => println!("a window of one batch: caught with seed {seed}: {why}"),
        Err(why) => missed.push(format!("a window of one batch: {why}")),
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
