//! Metadata (3), versions 0 to 13.
//!
//! By name, by topic id (12 on; earlier ones are answered INVALID_REQUEST, as Kafka does; with an id no name counts), or all topics. A missing topic is created when both the request and the settings allow
//! it, and that request is told LEADER_NOT_AVAILABLE: clients ask again, and who only asked whether a deleted topic is gone does
//! not find it. The next one finds it served. (Kafka says UNKNOWN_TOPIC_OR_PARTITION since it has no ZooKeeper, which kafkajs and other
//! clients that are older take for the end.) A topic that is named twice is described once. Missing: racks, offline replicas,
//! other brokers.

use std::collections::BTreeSet;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::state::State;
use onefold_broker_core::topic::Topic;
use onefold_broker_core::{ErrorCode, Lsn, TopicId};
use uuid::Uuid;

use super::node::NODE_ID;
use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, authorized, creation};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 9,
    fields: &[
        structs(&[fixed(16).since(10), string()]),
        fixed(1).since(4),
        fixed(1).since(8).until(10),
        fixed(1).since(8),
    ],
};

/// What one request asks for.
enum Wanted {
    All,
    Some { names: BTreeSet<StrBytes>, ids: BTreeSet<Uuid> },
}

pub(super) fn answer(call: Call<'_>, request: MetadataRequest) -> Result<(MetadataResponse, Lsn), Fault> {
    let wanted = match Wanted::of(&request, call.header.version) {
        Ok(wanted) => wanted,
        Err(IdsTooEarly) => return Ok((ids_too_early(request), Lsn::NONE)),
    };
    let may_create = request.allow_auto_topic_creation && call.node.settings.auto_create_topics;
    let (made, depends) = match &wanted {
        Wanted::Some { names, .. } if may_create => create_missing(call, names)?,
        _ => (BTreeSet::new(), Lsn::NONE),
    };
    let describe = Describe { made, operations: authorized::topic(request.include_topic_authorized_operations) };
    let (topics, seen) = call.node.log.view(|state, _| (describe.wanted(state, &wanted), state.topics_changed()));
    let (host, port) = call.node.endpoint(call.peer);
    let broker = MetadataResponseBroker::default().with_node_id(NODE_ID.into()).with_host(host).with_port(port);
    let response = MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(StrBytes::from_string(call.node.log.cluster_id().to_owned())))
        .with_controller_id(NODE_ID.into())
        .with_topics(topics)
        .with_cluster_authorized_operations(authorized::cluster(request.include_cluster_authorized_operations));
    Ok((response, depends.max(seen)))
}

impl Wanted {
    fn of(request: &MetadataRequest, version: i16) -> Result<Wanted, IdsTooEarly> {
        let Some(topics) = &request.topics else { return Ok(Wanted::All) };
        // Version 0 cannot say null: its empty list means all.
        if topics.is_empty() && version == 0 {
            return Ok(Wanted::All);
        }
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for topic in topics {
            if version < 12 && (topic.name.is_none() || !topic.topic_id.is_nil()) {
                return Err(IdsTooEarly);
            }
            match &topic.name {
                Some(name) if topic.topic_id.is_nil() => names.insert(name.0.clone()),
                _ => ids.insert(topic.topic_id),
            };
        }
        // As in Kafka (`KafkaApis.handleTopicMetadataRequest`): names count where no id is given. The Java client sends an
        // empty name with each id, and takes a topic without its id for a fault of its own.
        if ids.iter().any(|id| !id.is_nil()) {
            names.clear();
        }
        Ok(Wanted::Some { names, ids })
    }
}

/// A topic id in a version that has the field and does not yet ask by it.
struct IdsTooEarly;

/// Each topic with the error, and nothing of the cluster: what Kafka answers.
fn ids_too_early(request: MetadataRequest) -> MetadataResponse {
    let refused = |topic: MetadataRequestTopic| {
        MetadataResponseTopic::default()
            .with_error_code(ErrorCode::INVALID_REQUEST.0)
            .with_name(Some(topic.name.unwrap_or_default())) // not nullable before version 12
            .with_topic_id(topic.topic_id)
    };
    let topics = request.topics.unwrap_or_default().into_iter().map(refused);
    MetadataResponse::default().with_cluster_id(None).with_controller_id((-1).into()).with_topics(topics.collect())
}

/// Creates those that do not exist and may, and names them; what may not is answered with its error afterwards.
fn create_missing(call: Call<'_>, names: &BTreeSet<StrBytes>) -> Result<(BTreeSet<StrBytes>, Lsn), Fault> {
    let (mut made, mut depends) = (BTreeSet::new(), Lsn::NONE);
    for name in names {
        let missing = call.node.log.view(|state, _| state.topic_by_name(name).is_none());
        if missing {
            let topic = creation::NewTopic::with_defaults(name, call.node.settings.default_partitions);
            let (created, lsn) = creation::create(call.node, &topic)?;
            depends = depends.max(lsn);
            if created.is_ok() {
                made.insert(name.clone());
            }
        }
    }
    Ok((made, depends))
}

struct Describe {
    /// Made by this very request, which does not see them yet.
    made: BTreeSet<StrBytes>,
    operations: i32,
}

impl Describe {
    fn wanted(&self, state: &State, wanted: &Wanted) -> Vec<MetadataResponseTopic> {
        match wanted {
            Wanted::All => state.topics().map(|topic| self.topic(state, topic)).collect(),
            Wanted::Some { names, ids } => {
                let by_name = names.iter().map(|name| match state.topic_by_name(name) {
                    Some(_) if self.made.contains(name) => no_leader_yet(name),
                    Some(topic) => self.topic(state, topic),
                    None => missing_name(name),
                });
                let by_id = ids.iter().map(|id| match state.topic_by_id(TopicId(id.into_bytes())) {
                    Some(topic) => self.topic(state, topic),
                    None => missing_id(*id),
                });
                by_name.chain(by_id).collect()
            }
        }
    }

    fn topic(&self, state: &State, topic: &Topic) -> MetadataResponseTopic {
        let partitions = (0..topic.partitions.len()).map(|index| {
            MetadataResponsePartition::default()
                .with_partition_index(index as i32) // at most MAX_PARTITIONS
                .with_leader_id(NODE_ID.into())
                .with_leader_epoch(state.leader_epoch())
                .with_replica_nodes(vec![NODE_ID.into()])
                .with_isr_nodes(vec![NODE_ID.into()])
        });
        MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_string(topic.name.to_string()))))
            .with_topic_id(Uuid::from_bytes(topic.id.0))
            .with_partitions(partitions.collect())
            .with_topic_authorized_operations(self.operations)
    }
}

fn missing_name(name: &StrBytes) -> MetadataResponseTopic {
    let error = match creation::check_name(name) {
        Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
    };
    MetadataResponseTopic::default().with_error_code(error.0).with_name(Some(TopicName(name.clone())))
}

fn no_leader_yet(name: &StrBytes) -> MetadataResponseTopic {
    let error = ErrorCode::LEADER_NOT_AVAILABLE.0;
    MetadataResponseTopic::default().with_error_code(error).with_name(Some(TopicName(name.clone())))
}

fn missing_id(id: Uuid) -> MetadataResponseTopic {
    // No name is known for it; before version 12, where a name is not nullable, ids cannot be asked for.
    MetadataResponseTopic::default().with_error_code(ErrorCode::UNKNOWN_TOPIC_ID.0).with_name(None).with_topic_id(id)
}
