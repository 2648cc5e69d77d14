//! Sends the lines that are not there yet, and notes how far it came.

use super::delivery::{Delivery, NotSent, Outgoing};
use super::lines::{Line, Summary, each_line};
use super::note::{Note, Reached};
use super::{HEADER, LoadError, Loaded};
use crate::settings::LoadSettings;
use rdkafka::ClientConfig;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a load that was stopped waits for what it has handed over: a cluster that takes nothing, as one whose disk
/// is full, must not hold up the end. What is not acknowledged by then the next load finds, or sends.
const LAST_ACKS: Duration = Duration::from_secs(3);

pub(super) struct Sent {
    pub loaded: Loaded,
    pub complete: bool,
}

pub(super) fn send(
    client: &ClientConfig,
    settings: &LoadSettings,
    file: &Summary,
    note: Note,
    stop: &AtomicBool,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Sent, LoadError> {
    // A partition that lost a line may not go on: the lines that are there must be all up to the last.
    let delivery = Delivery::new(client, &note.topic, true)?;
    let mut sender = Sender { delivery, note, settings, file, stop, progress };
    let reached = sender.note.reached.clone();
    let mut loaded = Loaded { lines: file.lines, found: 0, keyless: 0 };
    let mut noted = Instant::now();
    let walked = each_line(&settings.file, settings.key.as_ref(), sender.note.partitions, |line| {
        if stop.load(Ordering::Relaxed) {
            return Err(LoadError::Stopped);
        }
        loaded.keyless += u64::from(line.key.is_none());
        if line.number <= reached[line.partition as usize].line {
            loaded.found += 1;
            return Ok(());
        }
        sender.line(&line)?;
        if noted.elapsed() > Duration::from_secs(1) {
            sender.keep(loaded.found, false)?;
            noted = Instant::now();
        }
        Ok(())
    });
    let complete = sender.wait_for_acks(loaded.found, walked.is_ok()) && walked.is_ok();
    sender.delivery.check().map_err(|why| sender.refusal(why))?;
    // The lines that were sent are marked with the digest of the first reading.
    let changed = walked.as_ref().is_ok_and(|sent| sent != file);
    sender.keep(loaded.found, complete && !changed)?;
    match walked {
        Ok(_) if changed => Err(LoadError::ChangedMeanwhile(settings.file.display().to_string())),
        Ok(_) | Err(LoadError::Stopped) => Ok(Sent { loaded, complete }),
        Err(error) => Err(error),
    }
}

struct Sender<'a> {
    delivery: Delivery,
    note: Note,
    settings: &'a LoadSettings,
    file: &'a Summary,
    stop: &'a AtomicBool,
    progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Sender<'_> {
    fn line(&self, line: &Line) -> Result<(), LoadError> {
        let mark = format!("{}:{}", self.file.digest, line.number);
        let outgoing = Outgoing {
            line: line.number,
            value: &line.value,
            key: line.key.as_deref(),
            partition: Some(line.partition),
            header: Some((HEADER, &mark)),
        };
        let stop = || self.stop.load(Ordering::Relaxed);
        self.delivery.send(outgoing, stop).map_err(|why| self.refusal(why))
    }

    fn refusal(&self, why: NotSent) -> LoadError {
        match why {
            NotSent::Stopped => LoadError::Stopped,
            NotSent::Refused { line, why } => {
                LoadError::Line { file: self.settings.file.display().to_string(), line, why }
            }
        }
    }

    /// Whether all that was handed over is acknowledged. A walk that was stopped is waited for a little: the note is then
    /// as good as it can be.
    fn wait_for_acks(&self, found: u64, walked: bool) -> bool {
        let mut stopped_at: Option<Instant> = None;
        while self.delivery.wait() && self.delivery.check().is_ok() {
            if !walked || self.stop.load(Ordering::Relaxed) {
                let stopped_at = stopped_at.get_or_insert_with(Instant::now);
                if stopped_at.elapsed() > LAST_ACKS {
                    return false;
                }
            }
            (self.progress)(found + self.delivery.acknowledged(), self.file.lines);
        }
        true
    }

    /// Writes down what is acknowledged.
    fn keep(&mut self, found: u64, done: bool) -> Result<(), LoadError> {
        for (partition, (line, offset)) in self.delivery.last() {
            self.note.reached[partition as usize] = Reached { line, offset: offset + 1 };
        }
        self.note.done = done;
        self.note.write(&self.settings.progress)?;
        (self.progress)(found + self.delivery.acknowledged(), self.file.lines);
        Ok(())
    }
}
