//! DescribeAcls (29), versions 1 to 3. There is no authorizer: SECURITY_DISABLED, as on an Apache Kafka without one. The
//! filter is not looked at.

use kafka_protocol::messages::{DescribeAclsRequest, DescribeAclsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::shape::{Field, Shape, fixed, string};
use super::{Call, Fault};

/// An entry, and a filter for entries: both say the same of one.
pub(super) const ENTRY: &[Field] = &[fixed(1), string(), fixed(1), string(), string(), fixed(1), fixed(1)];

pub(super) const SHAPE: Shape = Shape { flexible_since: 2, fields: ENTRY };

/// Kafka's text where something is to change.
pub(super) const NO_AUTHORIZER: &str = "No Authorizer is configured.";

pub(super) fn answer(_: Call<'_>, _: DescribeAclsRequest) -> Result<(DescribeAclsResponse, Lsn), Fault> {
    let response = DescribeAclsResponse::default()
        .with_error_code(ErrorCode::SECURITY_DISABLED.0)
        .with_error_message(Some(StrBytes::from_static_str("No Authorizer is configured on the broker")));
    Ok((response, Lsn::NONE))
}
