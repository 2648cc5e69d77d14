//! ApiVersions (18), versions 0 to 4.
//!
//! The response header is version 0 in every version, and a version that is not served is answered in the form of
//! version 0 with error 35 and the range that is (KIP-511): a client newer than the broker must be able to ask again.
//! Ignored: the client's name and version, also where they have not KIP-511's form, which Kafka refuses: nothing is made of
//! them here. Missing: finalized features (none exist before transactions are served).

use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use onefold_broker_core::{ErrorCode, Lsn};

use super::shape::{Shape, string};
use super::versions::{SERVED, served};
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 3, fields: &[string().since(3), string().since(3)] };

pub(super) fn answer(_: Call<'_>, _: ApiVersionsRequest) -> Result<(ApiVersionsResponse, Lsn), Fault> {
    let keys = SERVED.iter().map(|(api, range)| listed(*api, range)).collect();
    Ok((ApiVersionsResponse::default().with_api_keys(keys), Lsn::NONE))
}

/// The answer to a version that is not served; to be encoded as version 0.
pub(super) fn unsupported_version() -> ApiVersionsResponse {
    let own = served(ApiKey::ApiVersions).map(|range| listed(ApiKey::ApiVersions, &range));
    ApiVersionsResponse::default()
        .with_error_code(ErrorCode::UNSUPPORTED_VERSION.0)
        .with_api_keys(own.into_iter().collect())
}

fn listed(api: ApiKey, range: &std::ops::RangeInclusive<i16>) -> ApiVersion {
    ApiVersion::default().with_api_key(api as i16).with_min_version(*range.start()).with_max_version(*range.end())
}
