//! AlterConfigs (33), versions 0 to 2: replaces all configs of a topic. Anything but topics is refused.

use kafka_protocol::messages::alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse};
use onefold_broker_core::Lsn;

use super::refusal::verdict;
use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, configs, topic_configs};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 2, fields: &[structs(&[fixed(1), string(), structs(&[string(), string()])]), fixed(1)] };

pub(super) fn answer(call: Call<'_>, request: AlterConfigsRequest) -> Result<(AlterConfigsResponse, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        let result = match configs::check_alterable(resource.resource_type) {
            Err(refusal) => Err(refusal),
            Ok(()) => {
                let (result, lsn) = replace(call, &resource, request.validate_only)?;
                depends = depends.max(lsn);
                result
            }
        };
        let (error, message) = verdict(&result);
        responses.push(
            AlterConfigsResourceResponse::default()
                .with_error_code(error)
                .with_error_message(message)
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name),
        );
    }
    Ok((AlterConfigsResponse::default().with_responses(responses), depends))
}

fn replace(
    call: Call<'_>,
    resource: &AlterConfigsResource,
    validate_only: bool,
) -> Result<(Result<(), super::refusal::Refusal>, Lsn), Fault> {
    configs::alter(call.node, &resource.resource_name, validate_only, |_| {
        topic_configs::check_all(resource.configs.iter().map(|one| (one.name.as_str(), one.value.as_deref())))
    })
}
