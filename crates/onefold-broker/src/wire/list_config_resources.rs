//! ListConfigResources (74), versions 0 and 1 (KIP-1142): what DescribeConfigs can be asked about.
//!
//! These are the topics and this broker. Client metrics and groups have no configs here, so none are listed, and version
//! 0, which asks for client metrics, gets an empty list. Nor are loggers, which Kafka lists: DescribeConfigs refuses them.
//! No type asked for means all; one that Kafka does not know is UNSUPPORTED_VERSION.

use kafka_protocol::messages::list_config_resources_response::ConfigResource;
use kafka_protocol::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};
use onefold_broker_core::{ErrorCode, Lsn};

use super::configs::{BROKER, TOPIC};
use super::node::NODE_ID;
use super::shape::{Shape, fixed, plain};
use super::text::put;
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 0, fields: &[plain(&fixed(1)).since(1)] };

const BROKER_LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

pub(super) fn answer(
    call: Call<'_>,
    request: ListConfigResourcesRequest,
) -> Result<(ListConfigResourcesResponse, Lsn), Fault> {
    let response = ListConfigResourcesResponse::default();
    if call.header.version == 0 {
        return Ok((response, Lsn::NONE));
    }
    let known = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];
    if !request.resource_types.iter().all(|kind| known.contains(kind)) {
        return Ok((response.with_error_code(ErrorCode::UNSUPPORTED_VERSION.0), Lsn::NONE));
    }
    let wanted = |kind| request.resource_types.is_empty() || request.resource_types.contains(&kind);
    let resource = |kind, name| ConfigResource::default().with_resource_type(kind).with_resource_name(put(name));
    let (mut resources, mut depends) = (Vec::new(), Lsn::NONE);
    if wanted(TOPIC) {
        call.node.log.view(|state, _| {
            resources.extend(state.topic_names().map(|name| resource(TOPIC, name.to_owned())));
            depends = state.topics_changed();
        });
    }
    if wanted(BROKER) {
        resources.push(resource(BROKER, NODE_ID.to_string()));
    }
    Ok((response.with_config_resources(resources), depends))
}
