//! Produce (0), listed from version 0 (see `versions`), served in versions 3 to 13.
//!
//! Batches are checked, given their place in the bytes they came in, and handed to the journal without a copy. acks=0 has
//! no answer: an error closes the connection, which is how clients learn of it (Kafka does the same). acks=1 without a
//! producer id is answered when appended; everything else when durable. Versions 0 to 2 carry formats that Kafka 4 no
//! longer takes: each partition is answered with UNSUPPORTED_VERSION.
//!
//! Ignored: the timeout (an answer comes when its batch is durable, which no other broker can delay; a disk that hangs
//! holds it back). Missing: transactions; a transactional batch or id is refused with INVALID_TXN_STATE.

mod append;
mod prepare;
mod request;
mod response;

use bytes::BytesMut;
use onefold_broker_core::{ErrorCode, Lsn};

use self::request::ProduceRequest;
use super::refusal::Refusal;
use super::reply::{Answer, Reply};
use super::{Call, Fault};

/// What became of one partition of the request.
#[derive(Debug, Clone)]
enum Outcome {
    Stored { base_offset: i64, append_time_ms: i64, log_start: i64 },
    Refused { refusal: Refusal, records: Vec<i32> },
}

impl Outcome {
    fn refused(code: ErrorCode, message: &'static str) -> Outcome {
        Outcome::Refused { refusal: Refusal::new(code, message), records: Vec::new() }
    }
}

pub(super) async fn answer(call: Call<'_>, body: BytesMut) -> Result<Answer, Fault> {
    let version = call.header.version;
    let request = ProduceRequest::parse(&body, version)?;
    if version < 3 {
        return Ok(Answer::Now(response::old_version(call.header, &request)));
    }
    let acks = request.acks;
    let (outcomes, depends) = match refuse_whole(&request) {
        Some(refusal) => (response::all(&request, &refusal), Lsn::NONE),
        None => append::append(call, &request, body).await?,
    };
    if acks == 0 {
        return without_answer(&outcomes);
    }
    Reply::encode(call.header, &response::build(request, outcomes), depends).map(Answer::Now)
}

fn refuse_whole(request: &ProduceRequest) -> Option<Outcome> {
    if !matches!(request.acks, -1..=1) {
        return Some(Outcome::refused(ErrorCode::INVALID_REQUIRED_ACKS, "acks must be 0, 1 or -1 (all)"));
    }
    if request.transactional {
        let text = "this broker does not serve transactions yet; produce without a transactional id";
        return Some(Outcome::refused(ErrorCode::INVALID_TXN_STATE, text));
    }
    None
}

fn without_answer(outcomes: &[Outcome]) -> Result<Answer, Fault> {
    let refused = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Refused { refusal, .. } => Some(refusal.code),
        Outcome::Stored { .. } => None,
    });
    match refused {
        Some(code) => Err(Fault::Unacknowledged(code)),
        None => Ok(Answer::Nothing),
    }
}
