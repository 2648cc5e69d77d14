//! The cluster that pipelines run on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::boundary::{BoxFuture, Kept};
use crate::log::kafka::admin::retention;
use crate::log::kafka::{KafkaLog, KafkaPublisher, KafkaSettings};
use crate::log::{Log, LogError, Publish};
use crate::record::TopicId;
use crate::runtime::cluster::{ANSWER, Cluster};

/// A Kafka cluster: Apache's, or the broker embedded in this process.
pub struct Kafka {
    settings: KafkaSettings,
    publisher: KafkaPublisher,
    /// Groups that have a member of this process under the group's static name.
    places: Arc<Mutex<HashSet<String>>>,
    #[cfg(feature = "embedded")]
    broker: Option<onefold_broker::Broker>,
}

impl Kafka {
    /// A cluster at `host:port[,host:port]`. Nothing is asked of it yet.
    pub fn bootstrap(addresses: &str) -> Result<Kafka, LogError> {
        Kafka::with(KafkaSettings::new(addresses))
    }

    /// A cluster, with librdkafka's settings for getting in.
    pub fn with(settings: KafkaSettings) -> Result<Kafka, LogError> {
        let publisher = KafkaPublisher::new(&settings)?;
        Ok(Kafka {
            settings,
            publisher,
            places: Arc::default(),
            #[cfg(feature = "embedded")]
            broker: None,
        })
    }

    /// Starts the broker inside this process, with its data in `folder`, on a free port of this machine.
    #[cfg(feature = "embedded")]
    pub async fn embedded(folder: impl AsRef<std::path::Path>) -> Result<Kafka, crate::Failure> {
        Kafka::embedded_with(onefold_broker::BrokerSettings::new(folder.as_ref())).await
    }

    /// As [`Kafka::embedded`], with all of the broker's settings.
    #[cfg(feature = "embedded")]
    pub async fn embedded_with(settings: onefold_broker::BrokerSettings) -> Result<Kafka, crate::Failure> {
        let broker = onefold_broker::Broker::start(settings).await?;
        let alone = KafkaSettings { alone: true, ..KafkaSettings::new(&broker.address().to_string()) };
        let mut kafka = Kafka::with(alone)?;
        kafka.broker = Some(broker);
        Ok(kafka)
    }

    /// Where clients reach the cluster.
    pub fn address(&self) -> &str {
        &self.settings.bootstrap
    }

    pub fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    /// Produces, acks=all.
    pub fn publisher(&self) -> &KafkaPublisher {
        &self.publisher
    }

    /// Makes the topic with so many partitions where it is missing.
    pub async fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), LogError> {
        self.publisher.ensure_topic(topic.to_owned(), partitions).await
    }

    /// Ends the embedded broker, where there is one: drained, synced, unlocked.
    pub async fn shutdown(self) {
        #[cfg(feature = "embedded")]
        if let Some(broker) = self.broker {
            broker.shutdown().await;
        }
    }

    /// The embedded broker, where there is one.
    #[cfg(feature = "embedded")]
    pub fn broker(&self) -> Option<&onefold_broker::Broker> {
        self.broker.as_ref()
    }
}

/// Partitions of a topic that a pipeline reads and nobody made, on the embedded broker.
const EMBEDDED_PARTITIONS: i32 = 6;

impl Kafka {
    /// The embedded broker is this process's own: a topic that is missing there is nobody's mistake.
    fn makes_topics(&self) -> bool {
        #[cfg(feature = "embedded")]
        return self.broker.is_some();
        #[cfg(not(feature = "embedded"))]
        return false;
    }

    async fn has_topic(&self, topic: &str) -> Result<bool, LogError> {
        let (publisher, topic) = (self.publisher.clone(), topic.to_owned());
        let ask = move || publisher.partitions(&topic, ANSWER);
        let count = tokio::task::spawn_blocking(ask).await.map_err(|error| LogError::Fatal(error.to_string()))?;
        Ok(count?.is_some())
    }
}

impl Cluster for Kafka {
    fn id(&self) -> BoxFuture<'_, Result<Arc<str>, LogError>> {
        let publisher = self.publisher.clone();
        let address = self.settings.bootstrap.clone();
        Box::pin(async move {
            let ask = move || publisher.cluster_id(ANSWER);
            let id = tokio::task::spawn_blocking(ask).await.map_err(|error| LogError::Fatal(error.to_string()))?;
            id.map(Into::into).ok_or_else(|| {
                LogError::Unreachable(format!(
                    "no answer from the cluster at {address} within {} s: is it running, and is the address right?",
                    ANSWER.as_secs()
                ))
            })
        })
    }

    fn topic<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<(TopicId, i32), LogError>> {
        let (publisher, name) = (self.publisher.clone(), topic.to_owned());
        Box::pin(async move {
            if self.makes_topics() && !self.has_topic(&name).await? {
                self.create_topic(&name, EMBEDDED_PARTITIONS).await?;
            }
            let ask = move || {
                let count = publisher.partitions(&name, ANSWER)?.ok_or_else(|| LogError::NoTopic(name.clone()))?;
                Ok((id_of(&publisher, &name)?, count))
            };
            tokio::task::spawn_blocking(ask).await.map_err(|error| LogError::Fatal(error.to_string()))?
        })
    }

    fn retention<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Option<Kept>> {
        Box::pin(retention(&self.settings, topic))
    }

    fn log(&self, group: &str, topic: &str, topic_id: TopicId) -> Result<Box<dyn Log>, LogError> {
        let place = self.settings.alone.then(|| Place::take(&self.places, group)).flatten();
        let place = place.map(|place| Arc::new(place) as Arc<dyn std::any::Any + Send + Sync>);
        Ok(Box::new(KafkaLog::new(&self.settings, group, topic, topic_id, place)?))
    }

    fn publisher(&self) -> Arc<dyn Publish> {
        Arc::new(self.publisher.clone())
    }
}

/// The id of a topic that is there: a broker that has just heard of it may be asked first, and one that has not next. What
/// is not told in time is an error, and not "none": positions would be kept under none, and refused by the next start.
fn id_of(publisher: &KafkaPublisher, topic: &str) -> Result<TopicId, LogError> {
    let deadline = Instant::now() + ANSWER;
    loop {
        match publisher.told_topic_id(topic, deadline.saturating_duration_since(Instant::now())) {
            Err(LogError::NoTopic(_)) if Instant::now() < deadline => std::thread::sleep(KNOWN_SOON),
            told => return told,
        }
    }
}

/// Between two questions for a topic that one broker knows and another does not know yet.
const KNOWN_SOON: Duration = Duration::from_millis(50);

/// A group's static name, taken by one member of this process; others of it join without a name.
struct Place {
    places: Arc<Mutex<HashSet<String>>>,
    group: String,
}

impl Place {
    fn take(places: &Arc<Mutex<HashSet<String>>>, group: &str) -> Option<Place> {
        let taken = places.lock().unwrap_or_else(PoisonError::into_inner).insert(group.to_owned());
        taken.then(|| Place { places: places.clone(), group: group.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.group);
    }
}
