//! DescribeUserScramCredentials (50), version 0 (KIP-554): nobody has any, and none can be set, since there is no SASL.
//!
//! A user who is named twice is refused with DUPLICATE_RESOURCE, once, as Kafka does.

use std::collections::BTreeMap;

use kafka_protocol::messages::describe_user_scram_credentials_response::DescribeUserScramCredentialsResult;
use kafka_protocol::messages::{DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::shape::{Shape, string, structs};
use super::{Call, Fault};

pub(super) const SHAPE: Shape = Shape { flexible_since: 0, fields: &[structs(&[string()])] };

pub(super) fn answer(
    _: Call<'_>,
    request: DescribeUserScramCredentialsRequest,
) -> Result<(DescribeUserScramCredentialsResponse, Lsn), Fault> {
    let mut times: BTreeMap<StrBytes, usize> = BTreeMap::new();
    for user in request.users.unwrap_or_default() {
        *times.entry(user.name).or_default() += 1;
    }
    let line = |(user, times): (StrBytes, usize)| {
        let (error, text) = match times {
            1 => (ErrorCode::RESOURCE_NOT_FOUND, "Attempt to describe a user credential that does not exist"),
            _ => (
                ErrorCode::DUPLICATE_RESOURCE,
                "Cannot describe SCRAM credentials for the same user twice in one request",
            ),
        };
        DescribeUserScramCredentialsResult::default()
            .with_user(user)
            .with_error_code(error.0)
            .with_error_message(Some(StrBytes::from_static_str(text)))
    };
    let results = times.into_iter().map(line).collect();
    let response = DescribeUserScramCredentialsResponse::default()
        .with_error_message(Some(StrBytes::default())) // Kafka's text for success
        .with_results(results);
    Ok((response, Lsn::NONE))
}
