//! DescribeConfigs (32), versions 1 to 4: of topics and of this broker.
//!
//! A resource that is named twice is described once. Loggers, client metrics and groups are refused with
//! INVALID_REQUEST. The broker's own configs are read-only: they are its settings.

use std::collections::BTreeSet;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::refusal::{Refusal, verdict};
use super::shape::{STRINGS, Shape, fixed, string, structs};
use super::text::put;
use super::topic_configs::{self, DEFAULT_CONFIG, Effective};
use super::{Call, Fault, broker_configs, config_texts, configs};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 4, fields: &[structs(&[fixed(1), string(), STRINGS]), fixed(1), fixed(1).since(3)] };

pub(super) fn answer(call: Call<'_>, request: DescribeConfigsRequest) -> Result<(DescribeConfigsResponse, Lsn), Fault> {
    let mut seen = BTreeSet::new();
    let mut depends = Lsn::NONE;
    let mut results = Vec::new();
    for resource in request.resources {
        if !seen.insert((resource.resource_type, resource.resource_name.clone())) {
            continue;
        }
        let also = Also { synonyms: request.include_synonyms, texts: request.include_documentation };
        let described = describe(call, &resource, also, &mut depends);
        let (error, message) = verdict(&described);
        let message = message.or_else(|| Some(StrBytes::default())); // Kafka's text for success
        let wanted = |line: &DescribeConfigsResourceResult| match &resource.configuration_keys {
            Some(keys) if !keys.is_empty() => keys.contains(&line.name),
            _ => true,
        };
        let lines = described.unwrap_or_default().into_iter().filter(wanted).collect();
        results.push(
            DescribeConfigsResult::default()
                .with_error_code(error)
                .with_error_message(message)
                .with_resource_type(resource.resource_type)
                .with_configs(lines)
                .with_resource_name(resource.resource_name),
        );
    }
    Ok((DescribeConfigsResponse::default().with_results(results), depends))
}

/// What is told of each config beside its value.
#[derive(Clone, Copy)]
struct Also {
    synonyms: bool,
    texts: bool,
}

fn describe(
    call: Call<'_>,
    resource: &DescribeConfigsResource,
    also: Also,
    depends: &mut Lsn,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    match resource.resource_type {
        configs::TOPIC => call.node.log.view(|state, _| {
            *depends = (*depends).max(state.topics_changed());
            let topic = configs::topic(state, &resource.resource_name)?;
            Ok(topic_configs::effective(&topic.configs).map(|config| of_topic(&config, also)).collect())
        }),
        configs::BROKER => {
            configs::check_broker(&resource.resource_name)?;
            let (host, port) = call.node.endpoint(call.peer);
            let advertised = format!("{}:{port}", host.as_str());
            Ok(broker_configs::of(&call.node.settings, &advertised, call.node.log_dir())
                .into_iter()
                .map(|config| of_broker(config, also))
                .collect())
        }
        _ => Err(Refusal::new(ErrorCode::INVALID_REQUEST, "only topics and the broker have configs here")),
    }
}

fn of_topic(config: &Effective<'_>, also: Also) -> DescribeConfigsResourceResult {
    let synonym = |value: &str, source| {
        DescribeConfigsSynonym::default()
            .with_name(StrBytes::from_static_str(config.name))
            .with_value(Some(put(value.to_owned())))
            .with_source(source)
    };
    let mut synonyms = Vec::new();
    if also.synonyms {
        if !config.is_default {
            synonyms.push(synonym(config.value, config.source()));
        }
        synonyms.push(synonym(config.default, DEFAULT_CONFIG));
    }
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(config.name))
        .with_value(Some(put(config.value.to_owned())))
        .with_config_source(config.source())
        .with_config_type(config.kind.number())
        .with_documentation(text(also, config_texts::of_topic(config.name)))
        .with_synonyms(synonyms)
}

fn of_broker(config: broker_configs::BrokerConfig, also: Also) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(config.name))
        .with_value(Some(put(config.value)))
        .with_read_only(true)
        .with_config_source(broker_configs::STATIC)
        .with_config_type(config.kind)
        .with_documentation(text(also, config_texts::of_broker(config.name)))
}

fn text(also: Also, text: &'static str) -> Option<StrBytes> {
    also.texts.then(|| StrBytes::from_static_str(text))
}
