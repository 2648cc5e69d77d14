//! Every API in every version that ApiVersions lists is asked with its fields filled, and its answer decodes to the last
//! byte. A version that is listed but cannot be encoded would close the connection of exactly those clients that chose it.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Request, StrBytes};

mod groups;
mod tools;

use crate::common::raw::{Raw, produce_request, topic_name};
use crate::common::{batch, start};

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

/// Sends the same request in each version that is both listed and wanted.
struct Ask<'a> {
    raw: &'a mut Raw,
    listed: BTreeMap<i16, (i16, i16)>,
    asked: BTreeMap<i16, (i16, i16)>,
}

impl Ask<'_> {
    fn each<R: Request>(&mut self, request: impl Fn(i16) -> R, check: impl Fn(i16, R::Response)) {
        let (from, to) = self.listed[&R::KEY];
        // Versions 0 to 2 of Produce are listed but refused: `produce_refuses_as_kafka_does`.
        let from = if R::KEY == 0 { 3 } else { from };
        for version in from..=to {
            check(version, self.raw.call(version, &request(version)));
        }
        self.asked.insert(R::KEY, self.listed[&R::KEY]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn and_its_answer_decodes() {
    let here = start().await;
    let mut raw = here.connect();
    let id = raw.create_topic("t", 2);
    raw.produce("t", 0, batch(&["a"]).bytes());
    let listed = raw.call(3, &ApiVersionsRequest::default().with_client_software_name(text("r")));
    let listed: BTreeMap<_, _> =
        listed.api_keys.iter().map(|key| (key.api_key, (key.min_version, key.max_version))).collect();
    let mut ask = Ask { raw: &mut raw, listed: listed.clone(), asked: BTreeMap::new() };

    topics(&mut ask, id);
    records(&mut ask, id);
    groups::groups(&mut ask);
    configs(&mut ask);
    tools::tools(&mut ask);

    assert_eq!(ask.asked, listed, "an API is listed that this test does not ask");
}

fn topics(ask: &mut Ask<'_>, id: uuid::Uuid) {
    let software = ApiVersionsRequest::default().with_client_software_name(text("r"));
    ask.each(
        |version| if version >= 3 { software.clone() } else { ApiVersionsRequest::default() },
        |_, answer: ApiVersionsResponse| assert!(answer.api_keys.len() > 20),
    );
    let named = |name, id| metadata_request::MetadataRequestTopic::default().with_name(name).with_topic_id(id);
    ask.each(
        |version| {
            let mut topics = vec![
                named(Some(topic_name("t")), uuid::Uuid::nil()),
                named(Some(topic_name("no/name")), uuid::Uuid::nil()),
            ];
            if version >= 12 {
                topics.extend([named(None, id), named(None, uuid::Uuid::from_bytes([3; 16]))]);
            }
            let request = MetadataRequest::default().with_topics(Some(topics));
            match version {
                ..8 => request,
                8..=10 => request
                    .with_include_cluster_authorized_operations(true)
                    .with_include_topic_authorized_operations(true),
                _ => request.with_include_topic_authorized_operations(true),
            }
        },
        |_, answer| assert_eq!(answer.topics.len(), 2), // with ids, names do not count
    );
    ask.each(
        |version| {
            let request = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
            if version >= 1 { request.with_endpoint_type(1) } else { request }
        },
        |_, answer| assert_eq!(answer.brokers.len(), 1),
    );
    let config = create_topics_request::CreatableTopicConfig::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text("5")));
    ask.each(
        |version| {
            let topic =
                create_topics_request::CreatableTopic::default().with_num_partitions(1).with_replication_factor(1);
            let fresh =
                topic.clone().with_name(topic_name(&format!("new{version}"))).with_configs(vec![config.clone()]);
            CreateTopicsRequest::default().with_topics(vec![fresh, topic.with_name(topic_name("t"))])
        },
        |_, answer| assert_eq!(answer.topics.iter().map(|topic| topic.error_code).collect::<Vec<_>>(), [0, 36]),
    );
    ask.each(
        |version| {
            let names = [topic_name(&format!("new{}", version + 1)), topic_name("missing")];
            let state =
                |name: &TopicName| delete_topics_request::DeleteTopicState::default().with_name(Some(name.clone()));
            match version {
                ..=5 => DeleteTopicsRequest::default().with_topic_names(names.to_vec()),
                _ => DeleteTopicsRequest::default().with_topics(names.iter().map(state).collect()),
            }
        },
        |_, answer| assert_eq!(answer.responses.iter().map(|topic| topic.error_code).collect::<Vec<_>>(), [0, 3]),
    );
    ask.each(
        |version| {
            let topic = create_partitions_request::CreatePartitionsTopic::default()
                .with_name(topic_name("t"))
                .with_count(3 + i32::from(version))
                .with_assignments(None);
            CreatePartitionsRequest::default().with_topics(vec![topic])
        },
        |_, answer| assert_eq!(answer.results[0].error_code, 0),
    );
}

fn records(ask: &mut Ask<'_>, id: uuid::Uuid) {
    ask.each(
        |version| {
            let mut request = produce_request("t", 0, batch(&["a"]).bytes(), -1);
            let mut bad = request.topic_data[0].partition_data[0].clone();
            bad.index = 1;
            bad.records = Some(Bytes::from_static(b"no batch"));
            request.topic_data[0].partition_data.push(bad);
            if version >= 13 {
                request.topic_data[0].name = TopicName::default();
                request.topic_data[0].topic_id = id;
            }
            request
        },
        |version, answer| {
            let codes = answer.responses[0].partition_responses.iter().map(|line| line.error_code);
            assert_eq!(codes.collect::<Vec<_>>(), [0, 87], "version {version}");
        },
    );
    ask.each(
        |version| {
            let wanted = |partition| {
                fetch_request::FetchPartition::default().with_partition(partition).with_partition_max_bytes(1 << 20)
            };
            let topic = fetch_request::FetchTopic::default().with_partitions(vec![wanted(0), wanted(99)]);
            let topic = if version >= 13 { topic.with_topic_id(id) } else { topic.with_topic(topic_name("t")) };
            FetchRequest::default().with_max_bytes(1 << 20).with_topics(vec![topic])
        },
        |version, answer| {
            let partitions = &answer.responses[0].partitions;
            assert!(!partitions[0].records.as_ref().unwrap().is_empty(), "version {version}");
            assert_eq!((partitions[0].error_code, partitions[1].error_code), (0, 3));
        },
    );
    ask.each(
        |_| {
            let wanted = |timestamp, index| {
                list_offsets_request::ListOffsetsPartition::default()
                    .with_timestamp(timestamp)
                    .with_partition_index(index)
            };
            let topic = list_offsets_request::ListOffsetsTopic::default()
                .with_name(topic_name("t"))
                .with_partitions(vec![wanted(-1, 0), wanted(-2, 1), wanted(-1, 99)]);
            ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic])
        },
        |_, answer| assert_eq!(answer.topics[0].partitions.len(), 3),
    );
    ask.each(
        |_| {
            let wanted = |partition| {
                offset_for_leader_epoch_request::OffsetForLeaderPartition::default()
                    .with_partition(partition)
                    .with_leader_epoch(1)
                    .with_current_leader_epoch(1)
            };
            let topic = offset_for_leader_epoch_request::OffsetForLeaderTopic::default()
                .with_topic(topic_name("t"))
                .with_partitions(vec![wanted(0), wanted(99)]);
            OffsetForLeaderEpochRequest::default().with_topics(vec![topic])
        },
        |_, answer| {
            let ends = &answer.topics[0].partitions;
            assert_eq!((ends[0].error_code, ends[0].leader_epoch, ends[1].error_code), (0, 1, 3));
            assert!(ends[0].end_offset > 0);
        },
    );
    ask.each(
        |_| {
            let partition = delete_records_request::DeleteRecordsPartition::default().with_offset(1);
            let topic = delete_records_request::DeleteRecordsTopic::default()
                .with_name(topic_name("t"))
                .with_partitions(vec![partition]);
            DeleteRecordsRequest::default().with_topics(vec![topic])
        },
        |_, answer| assert_eq!(answer.topics[0].partitions[0].low_watermark, 1),
    );
    ask.each(
        |_| InitProducerIdRequest::default().with_transactional_id(None),
        |_, answer| assert_eq!(answer.error_code, 0),
    );
}

fn configs(ask: &mut Ask<'_>) {
    ask.each(
        |_| {
            let resource = |kind, name| {
                describe_configs_request::DescribeConfigsResource::default()
                    .with_resource_type(kind)
                    .with_resource_name(text(name))
                    .with_configuration_keys(None)
            };
            let resources = vec![resource(2, "t"), resource(4, "1"), resource(2, "missing"), resource(8, "1")];
            DescribeConfigsRequest::default().with_include_synonyms(true).with_resources(resources)
        },
        |_, answer| {
            let codes: Vec<i16> = answer.results.iter().map(|result| result.error_code).collect();
            assert_eq!(codes, [0, 0, 3, 42]);
        },
    );
    ask.each(
        |_| {
            let config = alter_configs_request::AlterableConfig::default()
                .with_name(text("retention.ms"))
                .with_value(Some(text("7")));
            let resource = alter_configs_request::AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("t"))
                .with_configs(vec![config]);
            AlterConfigsRequest::default().with_resources(vec![resource])
        },
        |_, answer| assert_eq!(answer.responses[0].error_code, 0),
    );
    ask.each(
        |_| {
            let config = incremental_alter_configs_request::AlterableConfig::default()
                .with_name(text("cleanup.policy"))
                .with_config_operation(2)
                .with_value(Some(text("compact")));
            let resource = incremental_alter_configs_request::AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("t"))
                .with_configs(vec![config]);
            IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
        },
        |_, answer| assert_eq!(answer.responses[0].error_code, 0),
    );
}
