//! Topics: seeing that they are there.

use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::config::KafkaSettings;
use super::consumer::unreachable;
use super::raw::{self, Group};
use crate::boundary::Kept;
use crate::log::LogError;

const WAIT: Duration = Duration::from_secs(10);

/// How many partitions the topic has; `None` where there is no such topic.
pub(super) fn partitions<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    wait: Duration,
) -> Result<Option<i32>, LogError> {
    let metadata = client.fetch_metadata(Some(topic), wait).map_err(unreachable)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
    Ok(found.map(|topic| topic.partitions().len() as i32).filter(|count| *count > 0))
}

/// All groups, or the one of this name, with their members. Blocks, at most as long as `wait`.
///
/// # Errors
/// The cluster, or one of its brokers, did not answer.
pub fn groups<C: ClientContext>(client: &Client<C>, name: Option<&str>, wait: Duration) -> KafkaResult<Vec<Group>> {
    raw::groups(client, name, wait).map_err(|code| KafkaError::GroupListFetch(code.into()))
}

/// Whether the cluster names a controller at the moment: what makes and changes topics. Blocks, at most as long as `wait`.
pub fn has_controller<C: ClientContext>(client: &Client<C>, wait: Duration) -> bool {
    raw::controller(client, wait).is_some()
}

/// How long the topic keeps records, where the cluster tells it: a compacted one for ever.
pub async fn retention(settings: &KafkaSettings, topic: &str) -> Option<Kept> {
    let admin: AdminClient<DefaultClientContext> = settings.client().create().ok()?;
    let options = AdminOptions::new().request_timeout(Some(WAIT));
    let described = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &options).await.ok()?;
    let resource = described.into_iter().next()?.ok()?;
    let value = |name: &str| resource.get(name).and_then(|entry| entry.value.clone());
    if value("cleanup.policy").is_some_and(|policy| policy.contains("compact")) {
        return Some(Kept::ForEver);
    }
    match value("retention.ms")?.parse::<i64>().ok()? {
        ms if ms < 0 => Some(Kept::ForEver),
        ms => Some(Kept::Millis(ms.unsigned_abs())),
    }
}

/// Makes the topic with so many partitions where it is missing; with the cluster's own replication.
pub async fn ensure_topic(settings: &KafkaSettings, topic: &str, partitions: i32) -> Result<(), LogError> {
    let admin: AdminClient<DefaultClientContext> =
        settings.client().create().map_err(|error| LogError::Fatal(format!("cannot make an admin client: {error}")))?;
    let (admin, there) = {
        let topic = topic.to_owned();
        let ask = move || (self::partitions(admin.inner(), &topic, WAIT), admin);
        let (there, admin) = tokio::task::spawn_blocking(ask).await.map_err(|e| LogError::Fatal(e.to_string()))?;
        (admin, there?)
    };
    if there.is_some() {
        return Ok(());
    }
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
    let options = AdminOptions::new().operation_timeout(Some(WAIT)).request_timeout(Some(WAIT));
    let results = admin.create_topics([&new], &options).await.map_err(unreachable)?;
    match results.into_iter().next() {
        Some(Err((name, code))) if code != RDKafkaErrorCode::TopicAlreadyExists => {
            Err(LogError::Fatal(format!("cannot make the topic {name}: {code}")))
        }
        _ => Ok(()),
    }
}
