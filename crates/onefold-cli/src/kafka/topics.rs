use super::{PATIENCE, offsets};
use crate::exit::{Done, Failure, OrFailed};
use onefold::settings::config_slip;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;

/// What a topic is to be made as.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub name: String,
    /// `None`: as the cluster gives by default.
    pub partitions: Option<i32>,
    pub replication: Option<i32>,
    pub config: Vec<(String, String)>,
}

/// Makes a topic. False: it was there already, and is left as it is.
pub async fn create(client: &ClientConfig, wanted: &Wanted) -> Done<bool> {
    let admin = admin(client)?;
    let replication = TopicReplication::Fixed(wanted.replication.unwrap_or(-1));
    let mut topic = NewTopic::new(&wanted.name, wanted.partitions.unwrap_or(-1), replication);
    for (name, value) in &wanted.config {
        topic = topic.set(name, value);
    }
    let what = format!("cannot create the topic {}", wanted.name);
    let answers = admin.create_topics([&topic], &options()).await.or_failed(&what)?;
    match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
        Some(Err((_, RDKafkaErrorCode::InvalidTopic))) => {
            let like = like(client, &wanted.name).await;
            Err(Failure::failed(format!("{what}: {}{like}", RDKafkaErrorCode::InvalidTopic)))
        }
        Some(Err((_, code))) => Err(Failure::failed(format!("{what}: {code}{}", hint(code, wanted)))),
        _ => Ok(true),
    }
}

/// A topic whose name differs in `.` and `_` alone: in names of metrics both are one, so Kafka refuses the second.
async fn like(client: &ClientConfig, name: &str) -> String {
    let (all, one) = (offsets::there(client).await, name.replace('.', "_")); // it is only a hint
    let like = all.into_keys().find(|other| other != name && other.replace('.', "_") == one);
    like.map_or_else(String::new, |other| {
        format!("\n  in the way     {other}, which differs from it only in `.` and `_`: a cluster takes one of them")
    })
}

/// What in the call a refusal is about: the client passes on the code, and not what the broker says with it.
fn hint(code: RDKafkaErrorCode, wanted: &Wanted) -> String {
    match code {
        RDKafkaErrorCode::InvalidReplicationFactor => {
            "\n  to fix         ask for no more copies than the cluster has brokers".to_owned()
        }
        RDKafkaErrorCode::InvalidConfig => {
            let slips = wanted.config.iter().filter_map(|(name, value)| config_slip(name, value));
            slips.map(|slip| format!("\n  config         {slip}")).collect()
        }
        _ => String::new(),
    }
}

/// Deletes a topic with all that is in it. False: there was none.
pub async fn delete(client: &ClientConfig, name: &str) -> Done<bool> {
    let what = format!("cannot delete the topic {name}");
    let answers = admin(client)?.delete_topics(&[name], &options()).await.or_failed(&what)?;
    match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::UnknownTopicOrPartition))) => Ok(false),
        Some(Err((_, code))) => Err(Failure::failed(format!("{what}: {code}"))),
        _ => Ok(true),
    }
}

/// Deletes a group and its positions. False: there was none.
pub async fn delete_group(client: &ClientConfig, name: &str) -> Done<bool> {
    let what = format!("cannot delete the group {name}");
    let answers = admin(client)?.delete_groups(&[name], &options()).await.or_failed(&what)?;
    match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::GroupIdNotFound))) => Ok(false),
        Some(Err((_, RDKafkaErrorCode::NonEmptyGroup))) => Err(Failure::failed(has_members(name))),
        Some(Err((_, code))) => Err(Failure::failed(format!("{what}: {code}"))),
        _ => Ok(true),
    }
}

pub fn has_members(group: &str) -> String {
    format!("cannot delete the group {group}: it has members; stop them first")
}

fn admin(client: &ClientConfig) -> Done<AdminClient<DefaultClientContext>> {
    client.create().or_failed("cannot set up a Kafka client")
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}
