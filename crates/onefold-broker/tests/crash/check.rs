//! One image: a start on it must succeed, and find a state that keeps every promise.

use crate::model::Model;
use crate::promises;
use fastrand::Rng;
use onefold_broker::disk::sim::{Faults, Lost, SimDisk, World};
use onefold_broker::log::{Engine, LogSettings};
use onefold_broker_core::batch::Header;
use onefold_broker_core::produce::{Decision, decide};
use onefold_broker_core::{Lsn, Record, Stamp, State, TopicPartition};
use std::path::Path;
use std::sync::Arc;

/// How a broker under test answers: the real decision, or one with a planted window.
pub type Decide = fn(&State, TopicPartition, &Header) -> Decision;

pub const FOLDER: &str = "/data";

/// Starts on the image and checks what it finds; then, now and then, crashes that start and checks the next one.
pub fn image(
    world: &World,
    settings: &LogSettings,
    model: &Model,
    decide: Decide,
    rng: &mut Rng,
) -> Result<u64, String> {
    let disk = SimDisk::of(world.clone());
    let engine = start(&disk, settings)?;
    found(&engine, model, decide)?;
    drop(engine);
    let effects = disk.effects();
    if rng.u8(..3) != 0 {
        return Ok(1);
    }
    let disk = SimDisk::of(world.clone());
    let power_off_at = Some(rng.u64(..=effects));
    disk.set_faults(Faults { power_off_at, ..Faults::default() });
    let _ = start(&disk, settings);
    let lost = [Lost::All, Lost::Memory, Lost::Suffix, Lost::Any, Lost::Nothing][rng.usize(..5)];
    let disk = SimDisk::of(disk.world().crash(lost, rng));
    let engine =
        start(&disk, settings).map_err(|why| format!("after a crash of the start at {power_off_at:?}: {why}"))?;
    found(&engine, model, decide).map_err(|why| format!("after a crash of the start at {power_off_at:?}: {why}"))?;
    Ok(2)
}

fn start(disk: &SimDisk, settings: &LogSettings) -> Result<Engine, String> {
    Engine::open(Arc::new(disk.clone()), Path::new(FOLDER), settings.clone())
        .map_err(|error| format!("refused: {error}"))
}

/// How many of the model's records the start has found, if it keeps every promise.
pub fn found(engine: &Engine, model: &Model, decide: Decide) -> Result<Lsn, String> {
    let state = engine.view(|state, _| state.clone());
    let (last, expected) = matching(&state, model)?;
    if state.leader_epoch() <= model.epoch {
        return Err(format!("epoch {} does not rise above {}", state.leader_epoch(), model.epoch));
    }
    if state.producer_id_next() <= model.greatest_id {
        return Err(format!("producer id {} would be handed out twice", model.greatest_id));
    }
    promises::groups(&state, model, last)?;
    for topic in expected.topics() {
        for (number, partition) in (0..).zip(&topic.partitions) {
            let at = TopicPartition::new(topic.id, number);
            let batches = model.batches(at, last);
            let kept = batches.iter().filter(|(header, _)| header.last_offset() >= partition.log_start());
            let kept: Vec<&[u8]> = kept.map(|(_, bytes)| &bytes[..]).collect();
            same_batches(engine, at, partition.log_start(), partition.log_end(), &kept)?;
            windows(&state, at, &batches, decide)?;
            promises::transactions(&state, at, model, last)?;
        }
    }
    Ok(last)
}

/// The prefix of the records whose state this is, but for starts.
fn matching<'a>(state: &State, model: &'a Model) -> Result<(Lsn, &'a State), String> {
    let candidates: Vec<_> = model.possible().collect();
    for (lsn, before) in candidates.iter().rev() {
        let mut expected = (*before).clone();
        while expected.lsn() < state.lsn() && expected.leader_epoch() < state.leader_epoch() {
            let (lsn, epoch) = (expected.lsn().next(), expected.leader_epoch() + 1);
            expected.apply(&Stamp { lsn, start_epoch: epoch, time_ms: 0 }, &Record::Started { epoch });
        }
        if expected == *state {
            return Ok((*lsn, before));
        }
    }
    let (first, last) = (model.promised(), candidates.last().map(|(lsn, _)| *lsn));
    Err(format!(
        "the state at record {} (epoch {}) fits no prefix of {first}..{last:?}",
        state.lsn(),
        state.leader_epoch()
    ))
}

fn same_batches(engine: &Engine, at: TopicPartition, start: i64, end: i64, expected: &[&[u8]]) -> Result<(), String> {
    let mut offset = start;
    let mut index = 0;
    while offset < end {
        let chunk = engine.read(at, offset, 5000, true).map_err(|error| format!("{at:?} at {offset}: {error}"))?;
        if (chunk.high_watermark, chunk.log_start) != (end, start) {
            return Err(format!("{at:?} is {}..{}, not {start}..{end}", chunk.log_start, chunk.high_watermark));
        }
        if chunk.batches.is_empty() {
            return Err(format!("{at:?} has nothing at {offset}, below its end {end}"));
        }
        for batch in &chunk.batches {
            if expected.get(index) != Some(&&batch[..]) {
                return Err(format!("{at:?} has another batch at {offset}"));
            }
            index += 1;
            offset = Header::parse(batch).map_err(|error| format!("{error:?}"))?.last_offset() + 1;
        }
    }
    if index == expected.len() { Ok(()) } else { Err(format!("{at:?} has {index} of {} batches", expected.len())) }
}

/// A retry of any of a producer's last five batches answers with its offset, and appends nothing (I2, I3).
fn windows(
    state: &State,
    at: TopicPartition,
    batches: &[(Header, bytes::Bytes)],
    decide: Decide,
) -> Result<(), String> {
    for id in 0..40 {
        let all: Vec<&Header> = batches.iter().map(|(header, _)| header).filter(|h| h.producer_id == id).collect();
        for header in all.iter().rev().take(5) {
            match decide(state, at, header) {
                Decision::Duplicate { base_offset, .. } if base_offset == header.base_offset => {}
                other => return Err(format!("{at:?}: producer {id}, sequence {}: {other:?}", header.base_sequence)),
            }
        }
    }
    Ok(())
}

pub fn real(state: &State, at: TopicPartition, header: &Header) -> Decision {
    decide(state, at, header)
}
