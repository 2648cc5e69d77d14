//! From standard input into the topic, on a thread of its own: reading may wait for ever, and nobody waits for it then.

use crate::kafka::PATIENCE;
use onefold::Record;
use onefold::load::{Delivery, NotSent, Outgoing};
use onefold::placeholders::{Fields, Path};
use std::io::{BufRead, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// librdkafka takes no larger record, and a line that never ends must not fill the memory.
const LONGEST: usize = 1_000_000;

pub struct Lines {
    delivery: Delivery,
    key: Option<Path>,
    keyless: AtomicU64,
    stop: AtomicBool,
    /// Held while a line is handed over: once stopped, none is on its way that nobody counts.
    sending: Mutex<()>,
}

impl Lines {
    pub fn new(delivery: Delivery, key: Option<Path>) -> Lines {
        Lines { delivery, key, keyless: AtomicU64::new(0), stop: AtomicBool::new(false), sending: Mutex::new(()) }
    }

    /// Tells when all is acknowledged, or why it ended before.
    pub fn read_all(self: Arc<Self>) -> std::io::Result<oneshot::Receiver<Result<(), String>>> {
        aside(move || self.all())
    }

    /// Reads no more, and waits a while for what was read: it may be there any moment, whatever ended it. Tells when
    /// there is nothing more to wait for.
    pub fn settle(self: Arc<Self>) -> std::io::Result<oneshot::Receiver<()>> {
        aside(move || {
            self.stop.store(true, Ordering::SeqCst);
            drop(self.sending.lock().unwrap_or_else(PoisonError::into_inner));
            let began = Instant::now();
            while self.delivery.wait() && began.elapsed() < PATIENCE {}
        })
    }

    fn all(&self) -> Result<(), String> {
        let (mut line, mut number) = (vec![], 0);
        let mut input = std::io::stdin().lock();
        loop {
            line.clear();
            let most = LONGEST as u64 + 2; // with its end
            let read = input
                .by_ref()
                .take(most)
                .read_until(b'\n', &mut line)
                .map_err(|why| format!("cannot read standard input: {why}"))?;
            if read == 0 {
                break;
            }
            number += 1;
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if text.len() > LONGEST {
                return Err(format!("line {number} has more than {LONGEST} bytes: no record takes so many"));
            }
            if !text.is_empty() && !self.send(number, text)? {
                return Ok(());
            }
        }
        while self.delivery.wait() {
            self.check()?;
        }
        self.check()
    }

    /// False: it was stopped before.
    fn send(&self, number: u64, text: &[u8]) -> Result<bool, String> {
        let key = self.key.as_ref().and_then(|path| key_of(path, text));
        let _sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stop.load(Ordering::SeqCst) {
            return Ok(false);
        }
        let is_keyless = key.is_none();
        let outgoing = Outgoing { line: number, value: text, key: key.as_deref(), partition: None, header: None };
        match self.delivery.send(outgoing, || self.stop.load(Ordering::SeqCst)) {
            Ok(()) => drop(self.keyless.fetch_add(is_keyless.into(), Ordering::Relaxed)),
            Err(NotSent::Stopped) => return Ok(false),
            Err(why) => return Err(why.to_string()),
        }
        Ok(true)
    }

    /// Why nothing more is read: the first line that is refused.
    pub fn check(&self) -> Result<(), String> {
        self.delivery.check().map_err(|why| why.to_string())
    }

    pub fn acknowledged(&self) -> u64 {
        self.delivery.acknowledged()
    }

    pub fn outstanding(&self) -> usize {
        self.delivery.outstanding()
    }

    pub fn unacknowledged(&self) -> u64 {
        self.delivery.unacknowledged()
    }

    pub fn keyless(&self) -> u64 {
        self.keyless.load(Ordering::Relaxed)
    }
}

/// On a thread of its own, which the process does not wait for when it ends.
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> std::io::Result<oneshot::Receiver<T>> {
    let (tell, told) = oneshot::channel();
    // Whoever ended meanwhile listens no more.
    std::thread::Builder::new().name("produce".into()).spawn(move || drop(tell.send(work())))?;
    Ok(told)
}

fn key_of(path: &Path, text: &[u8]) -> Option<Vec<u8>> {
    let record = Record::new("", None, Some(text));
    let key = Fields::of(&record).text(path).ok()??;
    Some(key.into_owned().into_bytes())
}
