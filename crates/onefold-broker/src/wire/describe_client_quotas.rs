//! DescribeClientQuotas (48), versions 0 and 1 (KIP-546): there are none, and none can be set. Wrong filters are refused
//! as Kafka does.

use std::collections::BTreeSet;

use kafka_protocol::messages::describe_client_quotas_request::ComponentData;
use kafka_protocol::messages::{DescribeClientQuotasRequest, DescribeClientQuotasResponse};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::{ErrorCode, Lsn};

use super::refusal::{Refusal, verdict};
use super::shape::{Shape, fixed, string, structs};
use super::{Call, Fault};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 1, fields: &[structs(&[string(), fixed(1), string()]), fixed(1)] };

const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const ANY: i8 = 2;

pub(super) fn answer(
    _: Call<'_>,
    request: DescribeClientQuotasRequest,
) -> Result<(DescribeClientQuotasResponse, Lsn), Fault> {
    let checked = check(&request.components);
    let (error, message) = verdict(&checked);
    let message = message.or_else(|| Some(StrBytes::default())); // Kafka's text for success
    let response = DescribeClientQuotasResponse::default().with_error_code(error).with_error_message(message);
    Ok((response.with_entries(checked.ok().map(|()| Vec::new())), Lsn::NONE))
}

fn check(components: &[ComponentData]) -> Result<(), Refusal> {
    let invalid = |text: &'static str| Err(Refusal::new(ErrorCode::INVALID_REQUEST, text));
    let mut types = BTreeSet::new();
    for component in components {
        match component.entity_type.as_str() {
            "user" | "client-id" | "ip" => {}
            "" => return invalid("Unexpected empty filter component entity type"),
            other => {
                let text = format!("Custom entity type '{other}' not supported");
                return Err(Refusal::new(ErrorCode::UNSUPPORTED_VERSION, text));
            }
        }
        if !types.insert(component.entity_type.as_str()) {
            return invalid("Duplicate filter component entity type");
        }
        match (component.match_type, &component._match) {
            (EXACT, Some(_)) | (DEFAULT | ANY, None) => {}
            (EXACT, None) => return invalid("Request specified MATCH_TYPE_EXACT, but match string is null"),
            (DEFAULT | ANY, Some(_)) => return invalid("a match string goes with MATCH_TYPE_EXACT only"),
            _ => return invalid("Unexpected match type"),
        }
    }
    if types.contains("ip") && types.len() > 1 {
        return invalid("an IP filter cannot be combined with a filter by user or client id");
    }
    Ok(())
}
