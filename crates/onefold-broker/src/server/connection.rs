//! One peer. Requests are decided in the order they arrive, without waiting for the disk or for long polls; answers leave
//! in the same order.
//!
//! Both halves run in one task: an idle connection costs one small task, and reading stops by itself when the peer does
//! not take its answers, since the queue between the halves is bounded.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::early::Early;
use super::frames::{Frame, FrameError, Frames};
use super::low_water::LowWater;
use super::queue::Queue;
use super::turns::in_turns;
use super::write::write_answers;
use super::{Stop, budget::Share, release::Release};
use crate::wire::{self, Answer, Fault, Node, Peer};

/// Serves one peer until it leaves, breaks the protocol, or the broker stops. Never returns an error: what went wrong is
/// this connection's end, and logged.
pub(super) async fn serve(stream: TcpStream, node: Arc<Node>, stop: Stop) {
    let address = match stream.peer_addr() {
        Ok(address) => address,
        Err(_) => return, // gone before it was served
    };
    match converse(stream, address, node, stop).await {
        Ok(()) => {}
        // A client that was killed, or that closed with answers unread, resets: no news for whoever runs the broker.
        Err(reason) if reason.is_reset() => {
            tracing::debug!(peer = %address, %reason, "connection closed");
        }
        Err(reason) => tracing::warn!(peer = %address, %reason, "connection closed"),
    }
}

async fn converse(stream: TcpStream, address: SocketAddr, node: Arc<Node>, mut stop: Stop) -> Result<(), Closed> {
    stream.set_nodelay(true)?;
    // A peer whose machine is gone says nothing: the system asks it, long before the idle limit counts it as gone.
    sockopt::set_socket_keepalive(&stream, true).map_err(io::Error::from)?;
    sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE_AFTER).map_err(io::Error::from)?;
    let (gone, peer_gone) = watch::channel(false);
    let peer = Peer { address, local: stream.local_addr()?, gone: peer_gone };
    let early = Arc::new(Early::new(LowWater::of(&stream)));
    let (input, output) = stream.into_split();
    let limits = &node.settings.limits;
    let answers = Queue::new(limits.max_pipelined);
    let mut frames = Frames::new(input, early.clone(), limits, node.in_flight.clone());
    let release = Release::new(&node);

    let reading = async {
        let result = tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => Ok(()),
            result = read_requests(&mut frames, &node, &peer, &answers, &gone) => result,
        };
        answers.close(); // the writer ends after the last answer
        gone.send_replace(true); // and long polls give what they have
        result
    };
    let writing = write_answers(output, &answers, &early, release, limits.write_timeout);
    in_turns(reading, writing, &early).await
}

async fn read_requests(
    frames: &mut Frames<OwnedReadHalf>,
    node: &Arc<Node>,
    peer: &Peer,
    answers: &Queue<Queued>,
    gone: &watch::Sender<bool>,
) -> Result<(), Closed> {
    let unwritten = Arc::new(Semaphore::new(UNWRITTEN));
    while let Some(Frame { bytes, held }) = frames.next().await.map_err(Closed::Frame)? {
        let answer = wire::answer(node, peer, bytes).await?;
        let request = match answer {
            Answer::Nothing => continue,
            Answer::Later { keeps, .. } if keeps > 0 => Some(held),
            _ => None,
        };
        let size = answer.size().clamp(1, UNWRITTEN) as u32; // UNWRITTEN fits
        let sending = async {
            let room = unwritten.clone().acquire_many_owned(size).await.ok()?;
            answers.push(Queued { answer, room, request }).await;
            Some(())
        };
        let sent = tokio::select! {
            biased; // where there is room, no timer is set
            sent = sending => sent,
            never = tell_when_gone(frames.io(), gone) => match never {},
        };
        if sent.is_none() {
            return Ok(()); // never closed: there is always an answer to how much may wait
        }
    }
    Ok(())
}

/// While nothing is read because many answers are due, the peer's leaving would go unseen for as long as the oldest of
/// them waits. Looks now and then: what is unread keeps the socket readable, so there is nothing to wait for.
async fn tell_when_gone(input: &OwnedReadHalf, gone: &watch::Sender<bool>) -> Infallible {
    loop {
        tokio::time::sleep(LOOK_FOR_PEER).await;
        let ready = tokio::time::timeout(Duration::ZERO, input.ready(Interest::READABLE)).await;
        if ready.is_ok_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed())) {
            gone.send_replace(true);
            return std::future::pending().await;
        }
    }
}

/// An answer on its way to the writer, and its share of what one connection may have unwritten.
pub(super) struct Queued {
    pub(super) answer: Answer,
    pub(super) room: OwnedSemaphorePermit,
    /// The share of the request, where the answer still needs it.
    pub(super) request: Option<Share>,
}

/// Silence after which the system asks a peer whether it is still there.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);

/// Between two looks whether a peer that is not read from has left.
const LOOK_FOR_PEER: Duration = Duration::from_secs(1);

/// Bytes of answers that may wait for a peer to take them; beyond it nothing more is read from that peer.
const UNWRITTEN: usize = 256 << 10;

/// Why a connection ended otherwise than by the peer's leaving.
#[derive(Debug, thiserror::Error)]
pub(super) enum Closed {
    #[error(transparent)]
    Frame(FrameError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the peer took nothing of its answer for {0:?}")]
    SlowReader(Duration),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Closed {
    fn is_reset(&self) -> bool {
        match self {
            Closed::Io(why) | Closed::Frame(FrameError::Io(why)) => why.kind() == ErrorKind::ConnectionReset,
            _ => false,
        }
    }
}
