//! Fetch (1), versions 4 to 18.
//!
//! Long poll with min_bytes and max_wait; stored batches go out uncopied, at least one for the first partition that has
//! any (KIP-74). Nothing beyond the high watermark is ever read, so an answer waits for no disk; an offset between it and
//! the log's end gives an empty answer, never OFFSET_OUT_OF_RANGE. The leader epoch is checked (KIP-320).
//!
//! Sessions (KIP-227) are not opened: every answer has session id 0, and a request that refers to one gets
//! FETCH_SESSION_ID_NOT_FOUND. Ignored: the rack, followers' fields, the client's view of the high watermark. read_committed
//! reads the same as read_uncommitted (no transaction is ever open) with an empty list of aborted ones.

mod poll;
mod request;
mod response;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use onefold_broker_core::{ErrorCode, Lsn};
use tokio::time::Instant;

use self::poll::Poll;
use self::request::FetchRequest;
use super::header::Header;
use super::reply::{Answer, Reply};
use super::{Call, Fault, Node};
use crate::server::{FREE_BYTES, Held};

/// No answer is larger than this (or one batch), whatever the client asks for.
const LARGEST: usize = 16 << 20;

/// No client waits longer (librdkafka's bound of `fetch.wait.max.ms`).
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A request beyond the free share keeps its part of the budget while it waits: not for long.
const LONGEST_WAIT_OF_A_LARGE_ONE: Duration = Duration::from_secs(1);

pub(super) fn answer(call: Call<'_>, body: &Bytes) -> Result<Answer, Fault> {
    let request = FetchRequest::parse(body, call.header.version)?;
    let header = call.header.clone();
    if request.session_epoch > 0 {
        let parts = response::frame(&header, ErrorCode::FETCH_SESSION_ID_NOT_FOUND, false, Vec::new());
        return Ok(Answer::Now(Reply { depends: Lsn::NONE, parts, held: Held::default() }));
    }
    let longest = if body.len() > FREE_BYTES { LONGEST_WAIT_OF_A_LARGE_ONE } else { LONGEST_WAIT };
    let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(longest);
    let deadline = Instant::now() + max_wait;
    let (node, gone) = (call.node.clone(), call.peer.gone.clone());
    let reply = Box::pin(async move { fetch(node, header, request, deadline, gone).await });
    Ok(Answer::Later { reply, keeps: body.len() })
}

/// Reads until there is enough, something is wrong, or time is up.
async fn fetch(
    node: Arc<Node>,
    header: Header,
    request: FetchRequest,
    deadline: Instant,
    mut gone: tokio::sync::watch::Receiver<bool>,
) -> Result<Reply, Fault> {
    let wanted = usize::try_from(request.max_bytes).unwrap_or(0).min(LARGEST);
    let enough = usize::try_from(request.min_bytes).unwrap_or(0).min(wanted);
    loop {
        let (budget, mut held) = node.fetching.take_up_to(wanted);
        let poll = Poll::read(&node, &request, budget);
        if poll.bytes >= enough || poll.ready || Instant::now() >= deadline || *gone.borrow() {
            let depends = poll.depends;
            held.shrink_to(poll.bytes);
            let parts = response::frame(&header, ErrorCode::NONE, request.read_committed, poll.topics);
            return Ok(Reply { depends, parts, held });
        }
        drop(held);
        let waiting = poll.waiting;
        tokio::select! {
            () = node.log.wait_readable(&waiting) => {}
            () = tokio::time::sleep_until(deadline) => {}
            _ = gone.wait_for(|gone| *gone) => {}
        }
    }
}
