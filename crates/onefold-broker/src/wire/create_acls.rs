//! CreateAcls (30), versions 1 to 3. There is no authorizer: SECURITY_DISABLED for each, as on an Apache Kafka without
//! one. The entries are not looked at.

use kafka_protocol::messages::create_acls_response::AclCreationResult;
use kafka_protocol::messages::{CreateAclsRequest, CreateAclsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::describe_acls::{ENTRY, NO_AUTHORIZER};
use super::shape::{Shape, structs};
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 2, fields: &[structs(ENTRY)] };

pub(super) fn answer(_: Call<'_>, request: CreateAclsRequest) -> Result<(CreateAclsResponse, Lsn), Fault> {
    let refused = AclCreationResult::default()
        .with_error_code(ErrorCode::SECURITY_DISABLED.0)
        .with_error_message(Some(StrBytes::from_static_str(NO_AUTHORIZER)));
    let results = vec![refused; request.creations.len()];
    Ok((CreateAclsResponse::default().with_results(results), Lsn::NONE))
}
