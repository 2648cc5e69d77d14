//! InitProducerId (22), versions 0 to 5, for idempotent producers: each call gives a fresh id with epoch 0 (D7).
//!
//! Missing: transactions. A transactional id is refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which every client
//! reports at once as fatal; any error they retry would let `init_transactions` hang. The producer id
//! and epoch of version 3 on only mean something with a transactional id: without one they are ignored, and one of them
//! without the other is refused with INVALID_REQUEST.

use std::sync::PoisonError;

use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use onefold_broker_core::{ErrorCode, Lsn};

use super::shape::{Shape, fixed, string};
use super::{Call, Fault};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 2, fields: &[string(), fixed(4), fixed(8).since(3), fixed(2).since(3)] };

pub(super) fn answer(call: Call<'_>, request: InitProducerIdRequest) -> Result<(InitProducerIdResponse, Lsn), Fault> {
    // Both or neither (Kafka checks it before all else).
    if (i64::from(request.producer_id) == -1) != (request.producer_epoch == -1) {
        return Ok((refused(ErrorCode::INVALID_REQUEST), Lsn::NONE));
    }
    match request.transactional_id {
        None => {
            let (id, depends) = draw(call)?;
            let response = match id {
                Some(id) => InitProducerIdResponse::default().with_producer_id(id.into()).with_producer_epoch(0),
                None => refused(ErrorCode::UNKNOWN_SERVER_ERROR), // all ids are used up
            };
            Ok((response, depends))
        }
        Some(id) if id.is_empty() => Ok((refused(ErrorCode::INVALID_REQUEST), Lsn::NONE)),
        Some(_) => Ok((refused(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED), Lsn::NONE)),
    }
}

fn draw(call: Call<'_>) -> Result<(Option<i64>, Lsn), Fault> {
    // A panic elsewhere leaves the ids whole: one is taken in one step.
    let mut ids = call.node.producer_ids.lock().unwrap_or_else(PoisonError::into_inner);
    let ((id, before), lsn) = call.node.log.sequence(|state, _| {
        let drawn = ids.draw(state);
        let id = drawn.as_ref().map(|drawn| drawn.id);
        ((id, state.producer_ids_changed()), drawn.and_then(|drawn| drawn.reserve))
    })?;
    Ok((id, lsn.max(before)))
}

fn refused(error: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse::default().with_error_code(error.0).with_producer_id((-1).into()).with_producer_epoch(-1)
}
