//! AlterConfigs (33), versions 0 to 2: replaces all configs of a topic. Anything but topics is refused, except a broker with
//! no configs: it has none that are set.

use kafka_protocol::messages::alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse};
use onefold_broker_core::{ErrorCode, Lsn};

use super::configs::Pairs;
use super::refusal::Refusal;
use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, configs, topic_configs};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 2, fields: &[structs(&[fixed(1), string(), structs(&[string(), string()])]), fixed(1)] };

pub(super) fn answer(call: Call<'_>, request: AlterConfigsRequest) -> Result<(AlterConfigsResponse, Lsn), Fault> {
    let named = |resource: &AlterConfigsResource| (resource.resource_type, resource.resource_name.clone());
    // What the topic had does not count: the request's configs are all there are afterwards.
    let change = |_: &Pairs, resource: &AlterConfigsResource| {
        configs::check_named_once(resource.configs.iter().map(|one| one.name.as_str()))?;
        if let Some(one) = resource.configs.iter().find(|one| one.value.is_none()) {
            let text = format!("Null value not supported for : {}", one.name.as_str());
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
        }
        topic_configs::check_all(resource.configs.iter().map(|one| (one.name.as_str(), one.value.as_deref())))
    };
    let line = |kind, name, (error, message)| {
        AlterConfigsResourceResponse::default()
            .with_error_code(error)
            .with_error_message(message)
            .with_resource_type(kind)
            .with_resource_name(name)
    };
    let (lines, depends) =
        configs::alter_each(call.node, request.resources, request.validate_only, named, change, line)?;
    Ok((AlterConfigsResponse::default().with_responses(lines), depends))
}
