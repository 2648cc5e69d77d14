//! The load, the same bytes for every opponent: one batch a request, idempotent, acks=all, five requests in flight on
//! each connection, each connection its own partition.

use crate::wire::{self, Batch, Connection, Sender};
use anyhow::bail;
use std::{
    thread,
    time::{Duration, Instant},
};

pub const CONNECTIONS: i32 = 4;
const IN_FLIGHT: usize = 5;
const BATCH_BYTES: usize = 128 * 1024;
const FETCH_BYTES: i32 = 1 << 20;

/// One record a request, the next when it is answered.
pub struct OneAtATime {
    connection: Connection,
    frames: Frames,
    pub took: Vec<Duration>,
}

impl OneAtATime {
    pub fn open(address: &str, topic: &str, size: usize) -> anyhow::Result<OneAtATime> {
        let mut connection = Connection::open(address)?;
        wire::create_topic(&mut connection, topic, 1)?;
        let frames = Frames::new(&mut connection, topic, 0, size, 1)?;
        Ok(OneAtATime { connection, frames, took: Vec::new() })
    }

    pub fn some(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            let frame = self.frames.next();
            let began = Instant::now();
            self.connection.send(frame)?;
            accepted(&self.connection.receive()?)?;
            self.took.push(began.elapsed());
        }
        Ok(())
    }
}

/// Records a second, all of them answered.
pub fn produce(address: &str, topic: &str, size: usize, total_bytes: usize) -> anyhow::Result<f64> {
    wire::create_topic(&mut Connection::open(address)?, topic, CONNECTIONS)?;
    let records = BATCH_BYTES / size;
    let batches = total_bytes / CONNECTIONS as usize / (records * size);
    let began = Instant::now();
    on_each_partition(|partition| pipeline(address, topic, partition, size, records, batches))?;
    Ok((CONNECTIONS as usize * batches * records) as f64 / began.elapsed().as_secs_f64())
}

/// Records a second, from the beginning of every partition to its end.
pub fn consume(address: &str, topic: &str) -> anyhow::Result<f64> {
    let began = Instant::now();
    let counts = on_each_partition(|partition| read_all(address, topic, partition))?;
    Ok(counts.iter().sum::<i64>() as f64 / began.elapsed().as_secs_f64())
}

fn pipeline(
    address: &str,
    topic: &str,
    partition: i32,
    size: usize,
    records: usize,
    batches: usize,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(address)?;
    let mut frames = Frames::new(&mut connection, topic, partition, size, records)?;
    for number in 0..batches + IN_FLIGHT {
        if number >= IN_FLIGHT {
            accepted(&connection.receive()?)?;
        }
        if number < batches {
            connection.send(frames.next())?;
        }
    }
    Ok(())
}

fn read_all(address: &str, topic: &str, partition: i32) -> anyhow::Result<i64> {
    let mut connection = Connection::open(address)?;
    let end = wire::end_offset(&mut connection, topic, partition)?;
    let mut next = 0;
    while next < end {
        connection.send(&wire::fetch_request(topic, partition, next, FETCH_BYTES, 500))?;
        let answer = connection.receive()?;
        let (_, bytes) = wire::parse_fetch(&answer)?;
        next = wire::last_offset(bytes)?.map_or(next, |last| last + 1);
    }
    Ok(end)
}

fn on_each_partition<T: Send>(work: impl Fn(i32) -> anyhow::Result<T> + Sync) -> anyhow::Result<Vec<T>> {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|partition| scope.spawn(move || work(partition))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a load thread panicked"))?)
            .collect()
    })
}

fn accepted(answer: &[u8]) -> anyhow::Result<()> {
    match wire::produced(answer)?.error {
        0 => Ok(()),
        error => bail!("produce: error {error}"),
    }
}

/// One frame that is sent again and again, each time under the next sequence.
struct Frames {
    frame: Vec<u8>,
    batch_at: usize,
    sequence: i32,
    records: i32,
}

impl Frames {
    fn new(
        connection: &mut Connection,
        topic: &str,
        partition: i32,
        size: usize,
        records: usize,
    ) -> anyhow::Result<Frames> {
        let (id, epoch) = wire::init_producer(connection)?;

        let value: Vec<_> = (0..size).map(|i| b'a' + (i % 23) as u8).collect();
        let values = vec![value.as_slice(); records];
        let batch =
            Batch { sender: Sender { id, epoch, sequence: 0 }, timestamp_ms: wire::now_ms(), values: &values }.encode();
        let frame = wire::produce_request(topic, partition, &batch);
        Ok(Frames { batch_at: frame.len() - batch.len(), frame, sequence: 0, records: records as i32 })
    }

    fn next(&mut self) -> &[u8] {
        wire::set_sequence(&mut self.frame[self.batch_at..], self.sequence);
        self.sequence = self.sequence.wrapping_add(self.records) & i32::MAX;
        &self.frame
    }
}
