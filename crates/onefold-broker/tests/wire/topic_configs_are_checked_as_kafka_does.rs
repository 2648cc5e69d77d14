//! What a topic's configs may be, and how they are altered: the codes are those of Apache Kafka 4.3, compared call by call.

use kafka_protocol::messages::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest, alter_configs_request,
    describe_configs_request, incremental_alter_configs_request,
};
use kafka_protocol::protocol::StrBytes;

use crate::common::raw::Raw;
use crate::common::start;
use crate::common::topics::try_create_with;

const TOPIC: i8 = 2;
const INVALID_TOPIC: i16 = 17;
const INVALID_CONFIG: i16 = 40;
const INVALID_REQUEST: i16 = 42;

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn alter(raw: &mut Raw, topic: &'static str, configs: &[(&'static str, Option<&'static str>)]) -> i16 {
    let config = |(name, value): &(&'static str, Option<&'static str>)| {
        alter_configs_request::AlterableConfig::default().with_name(text(name)).with_value(value.map(text))
    };
    let resource = alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(topic))
        .with_configs(configs.iter().map(config).collect());
    raw.call(2, &AlterConfigsRequest::default().with_resources(vec![resource])).responses[0].error_code
}

fn delete(raw: &mut Raw, topic: &'static str, name: &'static str) -> i16 {
    let config = incremental_alter_configs_request::AlterableConfig::default()
        .with_name(text(name))
        .with_config_operation(1)
        .with_value(None);
    let resource = incremental_alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(topic))
        .with_configs(vec![config]);
    raw.call(1, &IncrementalAlterConfigsRequest::default().with_resources(vec![resource])).responses[0].error_code
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_taken_and_refused_as_by_kafka() {
    let here = start().await;
    let mut raw = here.connect();
    let cases = [
        ("retention.bytes", "-2", 0),
        ("local.retention.ms", "-2", 0),
        ("remote.storage.enable", "false", 0),
        ("remote.storage.enable", "true", INVALID_CONFIG),
        ("follower.replication.throttled.replicas", "*", 0),
        ("follower.replication.throttled.replicas", "0:1,1:1", 0),
        ("follower.replication.throttled.replicas", "x", INVALID_CONFIG),
    ];
    for (index, (name, value, code)) in cases.into_iter().enumerate() {
        let created = try_create_with(&mut raw, &format!("t{index}"), (name, value));
        assert_eq!(created.error_code, code, "{name}={value}");
        let configs = created.configs.unwrap_or_default().len();
        assert_eq!(configs > 0, code == 0, "{name}={value}: what was refused has an empty list of configs, not null");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_alteration_has_its_code() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);

    assert_eq!(alter(&mut raw, "t", &[("retention.ms", Some("1000"))]), 0);
    assert_eq!(alter(&mut raw, "t", &[("retention.ms", None)]), INVALID_REQUEST, "a value that is null");
    let twice = [("retention.ms", Some("1")), ("retention.ms", Some("2"))];
    assert_eq!(alter(&mut raw, "t", &twice), INVALID_REQUEST, "one key twice");
    assert_eq!(alter(&mut raw, "a b", &[]), INVALID_TOPIC);
    assert_eq!(alter(&mut raw, "", &[]), INVALID_REQUEST, "there are no defaults of all topics");
    assert_eq!(delete(&mut raw, "t", "nonsense"), 0, "what is not known is not set either");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_has_a_topics_name() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let mut code = |name| {
        let resource = describe_configs_request::DescribeConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(text(name))
            .with_configuration_keys(None);
        raw.call(4, &DescribeConfigsRequest::default().with_resources(vec![resource])).results[0].error_code
    };

    assert_eq!((code("t"), code("missing"), code("a b"), code("")), (0, 3, INVALID_TOPIC, INVALID_TOPIC));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_tells_where_it_is_reached() {
    let here = start().await;
    let mut raw = here.connect();
    let resource = describe_configs_request::DescribeConfigsResource::default()
        .with_resource_type(4)
        .with_resource_name(text("1"))
        .with_configuration_keys(Some(vec![text("advertised.listeners")]));

    let answer = raw.call(4, &DescribeConfigsRequest::default().with_resources(vec![resource]));

    let config = &answer.results[0].configs[0];
    let expected = format!("PLAINTEXT://{}", here.broker.address());
    assert_eq!((config.value.as_deref(), config.read_only), (Some(expected.as_str()), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_config_says_what_it_does_where_that_is_asked() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let mut texts = |kind, name, wanted| {
        let resource = describe_configs_request::DescribeConfigsResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(name))
            .with_configuration_keys(None);
        let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
        let answer = raw.call(4, &request.with_include_documentation(wanted));
        answer.results[0].configs.iter().map(|config| config.documentation.clone()).collect::<Vec<_>>()
    };

    for (kind, name) in [(2, "t"), (4, "1")] {
        assert!(texts(kind, name, false).iter().all(Option::is_none));
        assert!(texts(kind, name, true).iter().all(|text| text.as_ref().is_some_and(|text| !text.is_empty())));
    }
    let of_the_broker = texts(4, "1", true);
    assert!(!of_the_broker.contains(&Some(text("A setting of this broker."))), "each of its settings has its own");
}
