//! Producing: acks=all, idempotent, bytes and header names verbatim.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::util::IntoOpaque;
use tokio::sync::oneshot;

use super::admin;
use super::config::KafkaSettings;
use super::raw;
use crate::boundary::BoxFuture;
use crate::log::{LogError, Publish};
use crate::record::{Record, TopicId};

/// Answers each record when its batch is acknowledged.
struct Deliveries;

type Waiting = Box<oneshot::Sender<Result<(), KafkaError>>>;

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!("librdkafka: {error}: {reason}");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Waiting;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Waiting) {
        let answer = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error.clone()),
        };
        // Whoever waited may be gone: the record is in the topic or not, all the same.
        let _ = waiting.send(answer);
    }
}

/// A producer of one cluster. Clones share it.
#[derive(Clone)]
pub struct KafkaPublisher {
    producer: Arc<ThreadedProducer<Deliveries>>,
    settings: KafkaSettings,
}

impl KafkaPublisher {
    pub fn new(settings: &KafkaSettings) -> Result<KafkaPublisher, LogError> {
        let producer = settings
            .producer()
            .create_with_context(Deliveries)
            .map_err(|error| LogError::Fatal(format!("cannot make a producer: {error}")))?;
        Ok(KafkaPublisher { producer: Arc::new(producer), settings: settings.clone() })
    }

    /// The cluster's id; waits for the first broker to answer.
    pub fn cluster_id(&self, wait: Duration) -> Option<String> {
        self.producer.client().fetch_cluster_id(wait)
    }

    /// The topic's id, where the cluster tells one in time.
    pub fn topic_id(&self, topic: &str, wait: Duration) -> Option<TopicId> {
        self.told_topic_id(topic, wait).ok().filter(|id| *id != TopicId::UNKNOWN)
    }

    /// The topic's id; [`TopicId::UNKNOWN`] where the cluster gives topics none.
    ///
    /// # Errors
    /// There is no such topic, or the cluster did not tell in time: that says nothing about the id.
    pub(crate) fn told_topic_id(&self, topic: &str, wait: Duration) -> Result<TopicId, LogError> {
        let (client, deadline) = (self.producer.client(), Instant::now() + wait);
        let left = || deadline.saturating_duration_since(Instant::now());
        let brokers = raw::brokers(client, wait).map_err(|code| {
            LogError::Unreachable(format!(
                "the cluster does not tell the id of {topic}: {}",
                RDKafkaErrorCode::from(code)
            ))
        })?;
        // Any of them knows. One that has answered is not asked in vain; each other one gets its share of the time.
        for (nth, broker) in brokers.iter().enumerate() {
            let asked = raw::AskedTopicId::at(client, topic, Some(*broker));
            let share = left() / u32::try_from(brokers.len() - nth).unwrap_or(u32::MAX);
            match asked.answer(share) {
                Some(Err(LogError::Unreachable(why))) => tracing::debug!("broker {broker}: {why}"),
                Some(answer) => return answer,
                None => {}
            }
        }
        Err(LogError::Unreachable(format!("the cluster did not tell the id of the topic {topic} in time")))
    }

    /// How many partitions the topic has; `None` where there is no such topic.
    pub fn partitions(&self, topic: &str, wait: Duration) -> Result<Option<i32>, LogError> {
        admin::partitions(self.producer.client(), topic, wait)
    }

    /// As [`Publish::publish`], to this partition of the record's topic; `None`: where Java's clients would put its key.
    pub async fn publish_at(&self, record: Record, partition: Option<i32>) -> Result<(), LogError> {
        let answered = self.send(&record, partition).await?;
        let ended = |_| LogError::Unreachable(format!("{}: the producer has ended", record.topic));
        answered.await.map_err(ended)?.map_err(|error| refused(&record, &error))
    }

    /// Hands the record over; the answer comes when it is acknowledged. Waits a little while the queue is full.
    async fn send(
        &self,
        record: &Record,
        partition: Option<i32>,
    ) -> Result<oneshot::Receiver<Result<(), KafkaError>>, LogError> {
        loop {
            let (answer, answered) = oneshot::channel();
            match self.hand_over(record, partition, Box::new(answer)) {
                Ok(()) => return Ok(answered),
                Err(RDKafkaRespErr::RD_KAFKA_RESP_ERR__QUEUE_FULL) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(code) => return Err(refused(record, &KafkaError::MessageProduction(code.into()))),
            }
        }
    }

    fn hand_over(&self, record: &Record, partition: Option<i32>, waiting: Waiting) -> Result<(), RDKafkaRespErr> {
        let opaque = waiting.into_ptr();
        raw::produce(self.producer.client(), record, partition, opaque)
            .inspect_err(|_| raw::take_back::<Waiting>(opaque))
    }
}

impl Publish for KafkaPublisher {
    fn publish(&self, record: Record) -> BoxFuture<'static, Result<(), LogError>> {
        let publisher = self.clone();
        Box::pin(async move { publisher.publish_at(record, None).await })
    }

    fn ensure_topic(&self, topic: String, partitions: i32) -> BoxFuture<'static, Result<(), LogError>> {
        let settings = self.settings.clone();
        Box::pin(async move { admin::ensure_topic(&settings, &topic, partitions).await })
    }
}

/// Too large is too large however often it is sent; all else may mend itself.
fn refused(record: &Record, error: &KafkaError) -> LogError {
    let topic = &record.topic;
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => LogError::Fatal(format!(
            "a record of {} bytes is more than topic {topic} takes. Raise the topic's max.message.bytes (and the \
             client's message.max.bytes, where it is set) above that, and start again",
            record.size_bytes()
        )),
        _ => LogError::Unreachable(format!("cannot produce to {topic}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_large_is_for_good_and_says_what_to_do() {
        let letter = Record::new("payments.dead", None, Some(&[0; 100]));
        let of = |code| refused(&letter, &KafkaError::MessageProduction(code));
        let LogError::Fatal(text) = of(RDKafkaErrorCode::MessageSizeTooLarge) else { panic!("to be tried again") };
        assert!(text.contains("payments.dead") && text.contains("max.message.bytes"), "{text}");
        assert!(matches!(of(RDKafkaErrorCode::NotLeaderForPartition), LogError::Unreachable(_)));
    }
}
