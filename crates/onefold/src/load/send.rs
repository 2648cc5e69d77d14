//! Sends the lines that are not there yet, and notes how far it came.

use super::lines::{Line, Summary, each_line};
use super::note::{Note, Reached};
use super::{HEADER, LoadError, Loaded, PATIENCE};
use crate::settings::LoadSettings;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a load that was stopped waits for what it has handed over: a cluster that takes nothing, as one whose disk
/// is full, must not hold up the end. What is not acknowledged by then the next load finds, or sends.
const LAST_ACKS: Duration = Duration::from_secs(3);

pub(super) struct Sent {
    pub loaded: Loaded,
    pub complete: bool,
}

/// What acknowledgements have said so far.
struct Acks {
    note: Note,
    lines: u64,
    refused: Option<String>,
}

struct Context(Arc<Mutex<Acks>>);

impl rdkafka::ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<u64>;

    fn delivery(&self, result: &DeliveryResult<'_>, line: Box<u64>) {
        let mut acks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(message) => {
                acks.lines += 1;
                let reached = Reached { line: *line, offset: message.offset() + 1 };
                acks.note.reached[message.partition() as usize] = reached;
            }
            Err((error, _)) => {
                acks.refused.get_or_insert_with(|| format!("line {line}: {error}"));
            }
        }
    }
}

pub(super) fn send(
    client: &ClientConfig,
    settings: &LoadSettings,
    file: &Summary,
    note: Note,
    stop: &AtomicBool,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Sent, LoadError> {
    let reached = note.reached.clone();
    let partitions = note.partitions;
    let acks = Arc::new(Mutex::new(Acks { note, lines: 0, refused: None }));
    let sender = Sender { producer: producer(client, &acks)?, acks, settings, file, stop, progress };
    let mut loaded = Loaded { lines: file.lines, found: 0, keyless: 0 };
    let mut noted = Instant::now();
    let walked = each_line(&settings.file, settings.key.as_ref(), partitions, |line| {
        if stop.load(Ordering::Relaxed) {
            return Err(LoadError::Stopped);
        }
        loaded.keyless += u64::from(line.key.is_none());
        if line.number <= reached[line.partition as usize].line {
            loaded.found += 1;
            return Ok(());
        }
        sender.line(line)?;
        if noted.elapsed() > Duration::from_secs(1) {
            sender.note(loaded.found, false)?;
            noted = Instant::now();
        }
        Ok(())
    });
    let complete = sender.wait_for_acks(loaded.found, walked.is_ok()) && walked.is_ok();
    sender.check()?;
    // The lines that were sent are marked with the digest of the first reading.
    let changed = walked.as_ref().is_ok_and(|sent| sent != file);
    sender.note(loaded.found, complete && !changed)?;
    match walked {
        Ok(_) if changed => Err(LoadError::ChangedMeanwhile(settings.file.display().to_string())),
        Ok(_) | Err(LoadError::Stopped) => Ok(Sent { loaded, complete }),
        Err(error) => Err(error),
    }
}

fn producer(client: &ClientConfig, acks: &Arc<Mutex<Acks>>) -> Result<ThreadedProducer<Context>, KafkaError> {
    client
        .clone()
        .set("acks", "all")
        .set("enable.idempotence", "true")
        // A partition that lost a line may not go on: the lines that are there must be all up to the last.
        .set("enable.gapless.guarantee", "true")
        .set("linger.ms", "5")
        .create_with_context(Context(acks.clone()))
}

struct Sender<'a> {
    producer: ThreadedProducer<Context>,
    acks: Arc<Mutex<Acks>>,
    settings: &'a LoadSettings,
    file: &'a Summary,
    stop: &'a AtomicBool,
    progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Sender<'_> {
    fn line(&self, line: Line) -> Result<(), LoadError> {
        let topic = self.acks().note.topic.clone();
        let mark = format!("{}:{}", self.file.digest, line.number);
        let headers = OwnedHeaders::new().insert(Header { key: HEADER, value: Some(&mark) });
        let mut record = BaseRecord::with_opaque_to(&topic, Box::new(line.number))
            .partition(line.partition)
            .payload(line.value.as_slice())
            .headers(headers);
        if let Some(key) = &line.key {
            record = record.key(key.as_slice());
        }
        let began = Instant::now();
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.check()?;
                    if self.stop.load(Ordering::Relaxed) {
                        return Err(LoadError::Stopped);
                    }
                    record = back;
                    let wait = if began.elapsed() > PATIENCE { 100 } else { 5 };
                    std::thread::sleep(Duration::from_millis(wait));
                }
                Err((why, _)) => {
                    let file = self.settings.file.display().to_string();
                    return Err(LoadError::Line { file, line: line.number, why: why.to_string() });
                }
            }
        }
    }

    /// Whether all that was handed over is acknowledged. A walk that was stopped is waited for a little: the note is then
    /// as good as it can be.
    fn wait_for_acks(&self, found: u64, walked: bool) -> bool {
        let mut stopped_at: Option<Instant> = None;
        while self.producer.in_flight_count() > 0 && self.check().is_ok() {
            if !walked || self.stop.load(Ordering::Relaxed) {
                let stopped_at = stopped_at.get_or_insert_with(Instant::now);
                if stopped_at.elapsed() > LAST_ACKS {
                    return false;
                }
            }
            let _ = self.producer.flush(Duration::from_millis(200));
            (self.progress)(found + self.acked(), self.file.lines);
        }
        true
    }

    fn note(&self, found: u64, done: bool) -> Result<(), LoadError> {
        let note = {
            let mut acks = self.acks();
            acks.note.done = done;
            acks.note.clone()
        };
        note.write(&self.settings.progress)?;
        (self.progress)(found + self.acked(), self.file.lines);
        Ok(())
    }

    fn check(&self) -> Result<(), LoadError> {
        let refused = self.acks().refused.clone();
        refused.map_or(Ok(()), |why| Err(LoadError::Refused(why)))
    }

    fn acked(&self) -> u64 {
        self.acks().lines
    }

    fn acks(&self) -> std::sync::MutexGuard<'_, Acks> {
        self.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
