//! The ordered writer of one connection: waits for the oldest answer, then for the disk, then for the peer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::IoSlice;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::budget::Held;
use super::connection::{Closed, Queued};
use super::early::Early;
use super::queue::Queue;
use super::release::Release;
use crate::wire::{Answer, Reply};

/// Slices handed to one `writev`.
const SLICES: usize = 64;
/// Answers that are ready are written together up to this size.
const TOGETHER: usize = 64 << 10;

/// Writes answers in the order of the queue until it is closed and empty. Later answers are not even computed (a Fetch
/// reads nothing) before the earlier ones are written: a slow reader costs one answer, not a queue of them.
pub(super) async fn write_answers(
    mut output: OwnedWriteHalf,
    queue: &Queue<Queued>,
    early: &Early,
    release: Release,
    patience: Duration,
) -> Result<(), Closed> {
    let mut out = Outgoing::default();
    let mut others_watch = false;
    while let Some(queued) = queue.pop().await {
        let mut next = Some(queued);
        let mut synced_here = false;
        while let Some(Queued { answer, room, request }) = next.take() {
            let reply = match answer {
                Answer::Nothing => continue,
                Answer::Now(reply) => reply,
                Answer::Later { reply, .. } => {
                    out.write(&mut output, patience).await?; // what is ready must not wait for a long poll
                    let reply = reply.await?;
                    drop(request);
                    reply
                }
            };
            if !release.is_durable(reply.depends) {
                out.write(&mut output, patience).await?;
                let (here, watched) = (release.may_sync_here(), std::mem::take(&mut others_watch));
                if here && !watched {
                    wake_another_thread().await;
                }
                release.wait(reply.depends, here).await?;
                synced_here = here;
            }
            out.push(reply, room);
            if out.bytes < TOGETHER {
                next = queue.try_pop();
            }
        }
        out.write(&mut output, patience).await?;
        if synced_here && release.one_at_a_time() {
            // Whoever was woken for the last answer still watches the other sockets.
            others_watch = early.look(output.as_ref());
        }
    }
    output.shutdown().await.ok(); // the peer may be gone already
    Ok(())
}

/// The wait for the disk may be spent on this very thread, however long the disk takes. A task that wakes itself makes the
/// runtime wake another thread, which then watches the sockets of all the others.
async fn wake_another_thread() {
    let mut woken = false;
    poll_fn(|context| {
        if std::mem::replace(&mut woken, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[derive(Default)]
struct Outgoing {
    parts: VecDeque<Bytes>,
    bytes: usize,
    /// Shares of the budgets that the parts hold.
    held: Vec<(Held, OwnedSemaphorePermit)>,
}

impl Outgoing {
    fn push(&mut self, reply: Reply, room: OwnedSemaphorePermit) {
        for part in reply.parts {
            self.bytes += part.len();
            if !part.is_empty() {
                self.parts.push_back(part);
            }
        }
        self.held.push((reply.held, room));
    }

    async fn write(&mut self, output: &mut OwnedWriteHalf, patience: Duration) -> Result<(), Closed> {
        while !self.parts.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            for (slice, part) in slices.iter_mut().zip(&self.parts) {
                *slice = IoSlice::new(part);
            }
            let count = self.parts.len().min(SLICES);
            let written = timeout(patience, output.write_vectored(&slices[..count]))
                .await
                .map_err(|_| Closed::SlowReader(patience))??;
            if written == 0 {
                return Err(Closed::Io(std::io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        self.bytes = 0;
        self.held.clear();
        Ok(())
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(part) = self.parts.front_mut() {
            if written < part.len() {
                part.advance(written);
                return;
            }
            written -= part.len();
            self.parts.pop_front();
        }
    }
}
