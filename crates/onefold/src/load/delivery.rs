//! Lines on their way to a topic: handed over now, acknowledged later. A load and `onefold produce` both send so.

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// One line as a record.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Its number, for complaints.
    pub line: u64,
    pub value: &'a [u8],
    pub key: Option<&'a [u8]>,
    /// `None`: where Java's clients would put the key, any for none.
    pub partition: Option<i32>,
    pub header: Option<(&'a str, &'a str)>,
}

/// Why a line is not on its way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    #[error("line {line}: {why}")]
    Refused { line: u64, why: String },
    /// It was told to stop while there was no room.
    #[error("stopped")]
    Stopped,
}

/// A producer of lines: acks=all, idempotent.
pub struct Delivery {
    topic: String,
    producer: ThreadedProducer<Context>,
    acks: Arc<Mutex<Acks>>,
}

/// What acknowledgements have said so far.
#[derive(Default)]
struct Acks {
    lines: u64,
    /// By partition, the last line that is there, and its record's offset.
    last: BTreeMap<i32, (u64, i64)>,
    refused: Option<NotSent>,
    /// How many were refused.
    failed: u64,
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
                acks.last.insert(message.partition(), (*line, message.offset()));
            }
            Err((why, _)) => {
                acks.failed += 1;
                acks.refused.get_or_insert(NotSent::Refused { line: *line, why: in_words(why) });
            }
        }
    }
}

/// What the two usual refusals mean.
fn in_words(why: &KafkaError) -> String {
    match why.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
            format!("{why}: a record takes at most 1,000,000 bytes, or what the topic's max.message.bytes says")
        }
        Some(RDKafkaErrorCode::MessageTimedOut) => format!("{why}: whether it is there is not known"),
        _ => why.to_string(),
    }
}

impl Delivery {
    /// `gapless`: a partition that lost a line takes none after it.
    ///
    /// # Errors
    /// Settings that librdkafka does not take.
    pub fn new(client: &ClientConfig, topic: &str, gapless: bool) -> Result<Delivery, KafkaError> {
        let acks: Arc<Mutex<Acks>> = Arc::default();
        let mut config = client.clone();
        config.set("acks", "all").set("enable.idempotence", "true").set("partitioner", "murmur2_random");
        config.set("enable.gapless.guarantee", gapless.to_string()).set("linger.ms", "5");
        let producer = config.create_with_context(Context(acks.clone()))?;
        Ok(Delivery { topic: topic.to_owned(), producer, acks })
    }

    /// Hands a line over; waits while there is no room, until `stop` says so.
    ///
    /// # Errors
    /// This line, or one before it, is refused; or it was stopped.
    pub fn send(&self, line: Outgoing<'_>, stop: impl Fn() -> bool) -> Result<(), NotSent> {
        let mut record = self.record(line);
        let began = Instant::now();
        loop {
            match self.producer.send(record) {
                Ok(()) => return self.check(),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => record = back,
                Err((why, _)) => return Err(NotSent::Refused { line: line.line, why: in_words(&why) }),
            }
            self.check()?;
            if stop() {
                return Err(NotSent::Stopped);
            }
            let wait = if began.elapsed() > PATIENCE { 100 } else { 5 };
            std::thread::sleep(Duration::from_millis(wait));
        }
    }

    fn record<'a>(&'a self, line: Outgoing<'a>) -> BaseRecord<'a, [u8], [u8], Box<u64>> {
        let mut record = BaseRecord::with_opaque_to(&self.topic, Box::new(line.line)).payload(line.value);
        if let Some(key) = line.key {
            record = record.key(key);
        }
        if let Some(partition) = line.partition {
            record = record.partition(partition);
        }
        if let Some((name, value)) = line.header {
            record = record.headers(OwnedHeaders::new().insert(Header { key: name, value: Some(value) }));
        }
        record
    }

    /// Lets acknowledgements come in for a moment; false when none is outstanding.
    pub fn wait(&self) -> bool {
        // A timeout is no news: whoever waits looks again.
        let _ = self.producer.flush(Duration::from_millis(200));
        self.producer.in_flight_count() > 0
    }

    /// # Errors
    /// The first line that was refused.
    pub fn check(&self) -> Result<(), NotSent> {
        self.acks().refused.clone().map_or(Ok(()), Err)
    }

    /// How many lines were handed over and not acknowledged or refused yet.
    pub fn outstanding(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// How many lines were handed over and are not acknowledged: refused, or still on their way.
    pub fn unacknowledged(&self) -> u64 {
        self.acks().failed + self.outstanding() as u64
    }

    /// How many lines are acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acks().lines
    }

    /// By partition, the last acknowledged line and its record's offset.
    pub(super) fn last(&self) -> BTreeMap<i32, (u64, i64)> {
        self.acks().last.clone()
    }

    fn acks(&self) -> MutexGuard<'_, Acks> {
        self.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
