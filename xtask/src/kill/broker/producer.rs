//! One idempotent producer on a raw connection, so that a retry is the same bytes under the same sequence.

use super::{
    PARTITIONS, Scene, TOPIC,
    history::{Answered, Lane, name},
};
use crate::wire::{self, Batch, Connection, Sender};
use anyhow::{Context, bail};
use fastrand::Rng;
use std::{
    collections::VecDeque,
    io,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

/// A broker remembers this many batches of a producer and partition; so many may be unanswered.
const WINDOW: usize = 5;
/// Bytes of a record at most, where batches are large.
const LARGE: usize = 150_000;
/// A broker that stays away longer than this is not coming back.
const AWAY_MAX: Duration = Duration::from_secs(60);

pub fn run(scene: &Scene, number: u64, seed: u64) -> anyhow::Result<Vec<Lane>> {
    let mut producer = Producer::new(scene, number, seed)?;
    loop {
        match producer.converse() {
            Ok(()) => return Ok(producer.lanes.into_iter().map(|sending| sending.lane).collect()),
            Err(error) if error.downcast_ref::<io::Error>().is_some() => {}
            Err(error) => return Err(error.context(format!("producer {number}"))),
        }
    }
}

struct Producer<'a> {
    scene: &'a Scene,
    rng: Rng,
    id: (i64, i16),
    lanes: Vec<Sending>,
}

/// One partition's side of it: the last five batches as they were sent.
struct Sending {
    lane: Lane,
    sequence: i32,
    window: VecDeque<Sent>,
}

struct Sent {
    number: usize,
    frame: Vec<u8>,
}

impl Producer<'_> {
    fn new(scene: &Scene, number: u64, seed: u64) -> anyhow::Result<Producer<'_>> {
        let lanes = (0..PARTITIONS).map(|partition| Sending::new(number, partition)).collect();
        // An answer that a kill swallows costs a producer id, nothing else.
        let began = Instant::now();
        let id = loop {
            match reach(scene).and_then(|mut connection| wire::init_producer(&mut connection)) {
                Ok(id) => break id,
                Err(error) if began.elapsed() > AWAY_MAX => return Err(error),
                Err(_) => {}
            }
        };
        Ok(Producer { scene, rng: Rng::with_seed(seed ^ (number + 1).wrapping_mul(0x9E37_79B9)), id, lanes })
    }

    /// On one connection until it breaks (an io error) or all is answered.
    fn converse(&mut self) -> anyhow::Result<()> {
        let mut connection = reach(self.scene)?;
        let mut waiting = VecDeque::new();
        // Now and then much at once: the journal writes large groups in another way than small ones.
        let padding = if self.rng.u8(..6) == 0 { LARGE } else { 300 };
        for lane in 0..self.lanes.len() {
            for number in self.lanes[lane].repeat() {
                let sent = &self.lanes[lane].window[number];
                waiting.push_back((lane, sent.number));
                connection.send(&sent.frame)?;
            }
        }
        loop {
            let closing = self.scene.closing.load(Ordering::Acquire);
            let lane = self.rng.usize(..self.lanes.len());
            let unanswered = waiting.iter().filter(|(of, _)| *of == lane).count();
            if !closing && unanswered < WINDOW && waiting.len() < 2 * WINDOW {
                let number = self.lanes[lane].next(self.id, padding, &mut self.rng);
                waiting.push_back((lane, number));
                let frame = &self.lanes[lane].window[self.lanes[lane].window.len() - 1].frame;
                connection.send(frame)?;
            } else if let Some((lane, number)) = waiting.pop_front() {
                let answer = connection.receive()?;
                self.lanes[lane].answered(number, wire::produced(&answer)?)?;
            } else if closing {
                return Ok(());
            }
        }
    }
}

impl Sending {
    fn new(producer: u64, partition: i32) -> Sending {
        let lane = Lane { producer, partition, batches: Vec::new(), repeats_answered: 0, repeats_unanswered: 0 };
        Sending { lane, sequence: 0, window: VecDeque::new() }
    }

    /// Makes the next batch and gives its number.
    fn next(&mut self, (id, epoch): (i64, i16), padding: usize, rng: &mut Rng) -> usize {
        let (number, records) = (self.lane.batches.len(), rng.u32(1..4));
        let padding = "x".repeat(rng.usize(..padding));
        let values: Vec<_> = (0..records)
            .map(|record| name(self.lane.producer, self.lane.partition, number, record) + &padding)
            .collect();
        let values: Vec<_> = values.iter().map(String::as_bytes).collect();
        let sender = Sender { id, epoch, sequence: self.sequence };
        let batch = Batch { sender, timestamp_ms: wire::now_ms(), values: &values }.encode();
        self.sequence += records as i32;
        self.lane.batches.push(Answered { records, offset: -1 });
        self.window.push_back(Sent { number, frame: wire::produce_request(TOPIC, self.lane.partition, &batch) });
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
        number
    }

    /// What to send again on a new connection: places in the window.
    fn repeat(&mut self) -> std::ops::Range<usize> {
        for sent in &self.window {
            match self.lane.batches[sent.number].offset {
                -1 => self.lane.repeats_unanswered += 1,
                _ => self.lane.repeats_answered += 1,
            }
        }
        0..self.window.len()
    }

    fn answered(&mut self, number: usize, answer: wire::Appended) -> anyhow::Result<()> {
        let partition = self.lane.partition;
        let known = &mut self.lane.batches[number];
        if answer.error != 0 {
            bail!(
                "batch {number} of partition {partition} (answered before with {}): error {}",
                known.offset,
                answer.error
            );
        }
        if known.offset != -1 && known.offset != answer.base_offset {
            bail!(
                "batch {number} of partition {partition}: offset {} at first, {} when sent again",
                known.offset,
                answer.base_offset
            );
        }
        known.offset = answer.base_offset;
        Ok(())
    }
}

/// A connection, as soon as the broker is back.
pub fn reach(scene: &Scene) -> anyhow::Result<Connection> {
    let began = Instant::now();
    loop {
        match Connection::open(&scene.address) {
            Ok(connection) => return Ok(connection),
            Err(error) if began.elapsed() > AWAY_MAX => {
                // Not an io error any more: the conversation must not begin again.
                return Err(anyhow::anyhow!("{error}")).context("the broker did not come back");
            }
            Err(_) => thread::sleep(Duration::from_millis(2)),
        }
    }
}
