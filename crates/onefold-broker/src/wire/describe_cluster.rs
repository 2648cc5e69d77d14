//! DescribeCluster (60), versions 0 to 2.
//!
//! One broker, which is also what an admin client may call the controller. Asking for controllers (endpoint type 2) is
//! refused with MISMATCHED_ENDPOINT_TYPE: there is no controller listener. Ignored: fenced brokers (there are none).

use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::node::NODE_ID;
use super::shape::{Shape, fixed};
use super::{Call, Fault, authorized};

pub(super) const SHAPE: Shape = Shape { flexible_since: 0, fields: &[fixed(1), fixed(1).since(1), fixed(1).since(2)] };

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

pub(super) fn answer(call: Call<'_>, request: DescribeClusterRequest) -> Result<(DescribeClusterResponse, Lsn), Fault> {
    let response = DescribeClusterResponse::default().with_endpoint_type(BROKERS);
    let refused = match request.endpoint_type {
        BROKERS => None,
        CONTROLLERS => Some((ErrorCode::MISMATCHED_ENDPOINT_TYPE, "this broker has no controller endpoints")),
        _ => {
            Some((ErrorCode::UNSUPPORTED_ENDPOINT_TYPE, "there are endpoints of brokers (1) and controllers (2) only"))
        }
    };
    if let Some((code, why)) = refused {
        let refused = response.with_error_code(code.0).with_error_message(Some(StrBytes::from_static_str(why)));
        return Ok((refused, Lsn::NONE));
    }
    let (host, port) = call.node.endpoint(call.peer);
    let broker = DescribeClusterBroker::default().with_broker_id(NODE_ID.into()).with_host(host).with_port(port);
    let response = response
        .with_cluster_id(StrBytes::from_string(call.node.log.cluster_id().to_owned()))
        .with_controller_id(NODE_ID.into())
        .with_brokers(vec![broker])
        .with_cluster_authorized_operations(authorized::cluster(request.include_cluster_authorized_operations));
    Ok((response, Lsn::NONE))
}
