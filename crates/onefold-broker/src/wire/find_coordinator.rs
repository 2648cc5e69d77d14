//! FindCoordinator (10), versions 0 to 6. This node coordinates every group.
//!
//! Missing: transaction coordinators (key type 1) are refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which clients
//! report at once, while an error they retry would let `init_transactions` hang. Share groups (key type 2) are refused.

use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::node::NODE_ID;
use super::shape::{STRINGS, Shape, fixed, string};
use super::{Call, Fault};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 3, fields: &[string().until(3), fixed(1).since(1), STRINGS.since(4)] };

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

pub(super) fn answer(call: Call<'_>, request: FindCoordinatorRequest) -> Result<(FindCoordinatorResponse, Lsn), Fault> {
    let response = match call.header.version {
        ..=3 => single(coordinator(call, request.key_type, request.key)),
        _ => {
            let each = |key| coordinator(call, request.key_type, key);
            let coordinators = request.coordinator_keys.into_iter().map(each).collect();
            FindCoordinatorResponse::default().with_coordinators(coordinators)
        }
    };
    Ok((response, Lsn::NONE))
}

fn coordinator(call: Call<'_>, key_type: i8, key: StrBytes) -> Coordinator {
    let found = Coordinator::default().with_key(key);
    match key_type {
        GROUP => {
            let (host, port) = call.node.endpoint(call.peer);
            // Kafka's texts for success, which differ with the form.
            let text = if call.header.version < 4 { "NONE" } else { "" };
            let found = found.with_node_id(NODE_ID.into()).with_host(host).with_port(port);
            found.with_error_message(Some(StrBytes::from_static_str(text)))
        }
        TRANSACTION => nowhere(
            found,
            ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            "this broker does not serve transactions yet; produce without a transactional id",
        ),
        _ => nowhere(found, ErrorCode::INVALID_REQUEST, "this broker coordinates groups only"),
    }
}

fn nowhere(found: Coordinator, error: ErrorCode, why: &'static str) -> Coordinator {
    found
        .with_node_id((-1).into())
        .with_port(-1)
        .with_error_code(error.0)
        .with_error_message(Some(StrBytes::from_static_str(why)))
}

fn single(found: Coordinator) -> FindCoordinatorResponse {
    FindCoordinatorResponse::default()
        .with_error_code(found.error_code)
        .with_error_message(found.error_message)
        .with_node_id(found.node_id)
        .with_host(found.host)
        .with_port(found.port)
}
