//! DeleteAcls (31), versions 1 to 3. There is no authorizer: SECURITY_DISABLED for each filter, as on an Apache Kafka
//! without one. The filters are not looked at.

use kafka_protocol::messages::delete_acls_response::DeleteAclsFilterResult;
use kafka_protocol::messages::{DeleteAclsRequest, DeleteAclsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::describe_acls::{ENTRY, NO_AUTHORIZER};
use super::shape::{Shape, structs};
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 2, fields: &[structs(ENTRY)] };

pub(super) fn answer(_: Call<'_>, request: DeleteAclsRequest) -> Result<(DeleteAclsResponse, Lsn), Fault> {
    let refused = DeleteAclsFilterResult::default()
        .with_error_code(ErrorCode::SECURITY_DISABLED.0)
        .with_error_message(Some(StrBytes::from_static_str(NO_AUTHORIZER)));
    let results = vec![refused; request.filters.len()];
    Ok((DeleteAclsResponse::default().with_filter_results(results), Lsn::NONE))
}
