//! Topics with a config.

use kafka_protocol::messages::CreateTopicsRequest;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::protocol::StrBytes;

use super::raw::{Raw, topic_name};

pub fn create_with(raw: &mut Raw, name: &str, config: (&'static str, &'static str)) {
    let created = try_create_with(raw, name, config);
    assert_eq!(created.error_code, 0, "{created:?}");
}

/// A topic of one partition, or the refusal of it.
pub fn try_create_with(raw: &mut Raw, name: &str, config: (&'static str, &'static str)) -> CreatableTopicResult {
    let config = CreatableTopicConfig::default()
        .with_name(StrBytes::from_static_str(config.0))
        .with_value(Some(StrBytes::from_static_str(config.1)));
    let topic = CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_configs(vec![config]);
    raw.call(7, &CreateTopicsRequest::default().with_topics(vec![topic])).topics[0].clone()
}
