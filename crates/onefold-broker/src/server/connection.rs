//! One peer. Requests are decided in the order they arrive, without waiting for the disk or for long polls; answers leave
//! in the same order.
//!
//! Both halves run in one task: an idle connection costs one small task, and reading stops by itself when the peer does
//! not take its answers, since the queue between the halves is bounded.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::frames::{Frame, Frames};
use super::write::write_answers;
use super::{Stop, release::Release};
use crate::wire::{self, Answer, Fault, Node, Peer};

/// Serves one peer until it leaves, breaks the protocol, or the broker stops. Never returns an error: what went wrong is
/// this connection's end, and logged.
pub(super) async fn serve(stream: TcpStream, node: Arc<Node>, stop: Stop) {
    let address = match stream.peer_addr() {
        Ok(address) => address,
        Err(_) => return, // gone before it was served
    };
    if let Err(reason) = converse(stream, address, node, stop).await {
        tracing::warn!(peer = %address, %reason, "connection closed");
    }
}

async fn converse(stream: TcpStream, address: SocketAddr, node: Arc<Node>, mut stop: Stop) -> Result<(), Closed> {
    stream.set_nodelay(true)?;
    let (gone, peer_gone) = watch::channel(false);
    let peer = Peer { address, local: stream.local_addr()?, gone: peer_gone };
    let (input, output) = stream.into_split();
    let limits = &node.settings.limits;
    let (answers, queue) = mpsc::channel(limits.max_pipelined);
    let mut frames = Frames::new(input, limits, node.in_flight.clone());
    let release = Release::new(&node);

    let reading = async {
        let result = tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => Ok(()),
            result = read_requests(&mut frames, &node, &peer, &answers) => result,
        };
        drop(answers); // the writer ends after the last answer
        gone.send_replace(true); // and long polls give what they have
        result
    };
    let writing = write_answers(output, queue, release, limits.write_timeout);
    tokio::pin!(reading, writing);
    tokio::select! {
        // A peer that takes no answers gets no further requests decided either.
        written = &mut writing => written,
        read = &mut reading => {
            let written = writing.await;
            read.and(written)
        }
    }
}

async fn read_requests(
    frames: &mut Frames<tokio::net::tcp::OwnedReadHalf>,
    node: &Arc<Node>,
    peer: &Peer,
    answers: &mpsc::Sender<Queued>,
) -> Result<(), Closed> {
    let unwritten = Arc::new(Semaphore::new(UNWRITTEN));
    while let Some(Frame { bytes, held }) = frames.next().await.map_err(Closed::Frame)? {
        let answer = wire::answer(node, peer, bytes).await?;
        drop(held);
        if matches!(answer, Answer::Nothing) {
            continue;
        }
        let size = answer.size().clamp(1, UNWRITTEN) as u32; // UNWRITTEN fits
        let Ok(room) = unwritten.clone().acquire_many_owned(size).await else { return Ok(()) };
        if answers.send(Queued { answer, room }).await.is_err() {
            return Ok(()); // the writer has ended and says why
        }
    }
    Ok(())
}

/// An answer on its way to the writer, and its share of what one connection may have unwritten.
pub(super) struct Queued {
    pub(super) answer: Answer,
    pub(super) room: OwnedSemaphorePermit,
}

/// Bytes of answers that may wait for a peer to take them; beyond it nothing more is read from that peer.
const UNWRITTEN: usize = 256 << 10;

/// Why a connection ended otherwise than by the peer's leaving.
#[derive(Debug, thiserror::Error)]
pub(super) enum Closed {
    #[error(transparent)]
    Frame(super::frames::FrameError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the peer took nothing of its answer for {0:?}")]
    SlowReader(std::time::Duration),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
