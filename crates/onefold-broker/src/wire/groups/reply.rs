//! From a group request to its answer, which may have to wait for other members.

use kafka_protocol::protocol::Encodable;
use onefold_broker_core::group::{GroupEvent, GroupReply, Token};
use tokio::sync::oneshot;

use super::super::reply::{Answer, Reply};
use super::super::{Call, Fault};
use super::Answered;

/// Asks the coordinator, and turns its reply into the response when it comes. `group` is told when the peer leaves before.
pub(in super::super) fn answer<Response: Encodable + 'static>(
    call: Call<'_>,
    group: String,
    event: impl FnOnce(Token) -> GroupEvent,
    response: impl FnOnce(GroupReply) -> Response + Send + 'static,
) -> Result<Answer, Fault> {
    let (token, mut receiver) = call.node.groups.ask(&call.node.log, event)?;
    if let Ok((reply, depends)) = receiver.try_recv() {
        return Reply::encode(call.header, &response(reply), depends).map(Answer::Now);
    }
    let (node, header, mut gone) = (call.node.clone(), call.header.clone(), call.peer.gone.clone());
    let reply = Box::pin(async move {
        tokio::select! {
            answered = &mut receiver => encode(&header, answered, response),
            _ = gone.wait_for(|gone| *gone) => {
                node.groups.forget(&node.log, group, token)?;
                Err(Fault::PeerGone)
            }
        }
    });
    // The coordinator has the request in its own books.
    Ok(Answer::Later { reply, keeps: 0 })
}

fn encode<Response: Encodable>(
    header: &super::super::header::Header,
    answered: Result<Answered, oneshot::error::RecvError>,
    response: impl FnOnce(GroupReply) -> Response,
) -> Result<Reply, Fault> {
    // The coordinator answers every token or the log has stopped in between.
    let (reply, depends) = answered.map_err(|_| Fault::PeerGone)?;
    Reply::encode(header, &response(reply), depends)
}
