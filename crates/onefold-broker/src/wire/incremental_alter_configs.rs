//! IncrementalAlterConfigs (44), versions 0 and 1: set, delete, append and subtract single configs of a topic.
//!
//! Anything but topics is refused, except deleting what a broker has not: it has none that are set.

use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use onefold_broker_core::{ErrorCode, Lsn};

use super::configs::Pairs;
use super::refusal::Refusal;
use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault, configs, topic_configs};

pub(super) const SHAPE: Shape = Shape {
    flexible_since: 1,
    fields: &[structs(&[fixed(1), string(), structs(&[string(), fixed(1), string()])]), fixed(1)],
};

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

pub(super) fn answer(
    call: Call<'_>,
    request: IncrementalAlterConfigsRequest,
) -> Result<(IncrementalAlterConfigsResponse, Lsn), Fault> {
    let named = |resource: &AlterConfigsResource| (resource.resource_type, resource.resource_name.clone());
    let line = |kind, name, (error, message)| {
        AlterConfigsResourceResponse::default()
            .with_error_code(error)
            .with_error_message(message)
            .with_resource_type(kind)
            .with_resource_name(name)
    };
    let (lines, depends) =
        configs::alter_each(call.node, request.resources, request.validate_only, named, apply, line)?;
    Ok((IncrementalAlterConfigsResponse::default().with_responses(lines), depends))
}

fn apply(now: &Pairs, resource: &AlterConfigsResource) -> Result<Pairs, Refusal> {
    let mut pairs = now.clone();
    configs::check_named_once(resource.configs.iter().map(|change| change.name.as_str()))?;
    for change in &resource.configs {
        apply_one(&mut pairs, change)?;
    }
    pairs.sort();
    Ok(pairs)
}

fn apply_one(pairs: &mut Pairs, change: &AlterableConfig) -> Result<(), Refusal> {
    let name = change.name.as_str();
    let Some(known) = topic_configs::find(name) else {
        return match change.config_operation {
            DELETE => Ok(()), // it is not set
            _ => Err(Refusal::new(ErrorCode::INVALID_CONFIG, format!("Unknown topic config name: {name}"))),
        };
    };
    let now = pairs.iter().find(|(own, _)| own == name).map_or(known.default, |(_, value)| value).to_owned();
    let value = match (change.config_operation, &change.value) {
        (DELETE, _) => None,
        (_, None) => {
            let text = format!("Null value not supported for : {name}");
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
        }
        (SET, Some(value)) => Some(value.to_string()),
        (APPEND | SUBTRACT, Some(_)) if !known.kind.is_list() => {
            let text = format!("Can't append or subtract: config key {name} is not a list");
            return Err(Refusal::new(ErrorCode::INVALID_CONFIG, text));
        }
        (APPEND, Some(value)) => Some(append(&now, value)),
        (SUBTRACT, Some(value)) => Some(subtract(&now, value)),
        (other, _) => {
            let text = format!("Unknown config operation {other}");
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
        }
    };
    pairs.retain(|(own, _)| own != name);
    pairs.extend(value.map(|value| (name.to_owned(), value)));
    Ok(())
}

fn append(now: &str, more: &str) -> String {
    let mut all: Vec<&str> = now.split(',').filter(|one| !one.is_empty()).collect();
    for one in more.split(',') {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all.join(",")
}

fn subtract(now: &str, less: &str) -> String {
    let gone: Vec<&str> = less.split(',').collect();
    now.split(',').filter(|one| !gone.contains(one)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_grow_and_shrink_by_their_elements() {
        assert_eq!(append("delete", "compact,delete"), "delete,compact");
        assert_eq!(append("", "compact"), "compact");
        assert_eq!(subtract("delete,compact", "delete"), "compact");
    }
}
