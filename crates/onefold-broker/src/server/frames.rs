//! Frames of the Kafka protocol: a 4-byte length, then that many bytes. The length is a claim: memory follows what has
//! arrived, in doubling steps, and beyond a small free share only within the budget of all connections.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::budget::{FREE_BYTES, InFlight, Share, USUAL_BYTES};
use super::early::Early;
use crate::settings::ServerLimits;

/// A whole request without its length, alone in its allocation, so that keeping a batch of it keeps nothing else.
pub(super) struct Frame {
    pub(super) bytes: BytesMut,
    /// Given back when the request has been handled.
    pub(super) held: Share,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a request claims {claimed} bytes; the limit is {limit}")]
    TooLarge { claimed: i64, limit: usize },
    #[error("a request of {claimed} bytes is too short to have a header")]
    TooShort { claimed: i64 },
    #[error("the peer closed the connection within a request")]
    CutOff,
    #[error("a request was not complete after {0:?}")]
    Stalled(Duration),
    #[error("no request for {0:?}")]
    Idle(Duration),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Reads frames from one peer. Small ones cost one system call: what follows a frame is read ahead.
pub(super) struct Frames<R> {
    io: R,
    early: Arc<Early>,
    ahead: Box<[u8]>,
    start: usize,
    end: usize,
    budget: InFlight,
    max_frame_bytes: usize,
    frame_timeout: Duration,
    idle_timeout: Duration,
    /// Rings when the peer may have been idle for too long.
    timer: Option<Pin<Box<Sleep>>>,
}

const READ_AHEAD: usize = 8 << 10;
/// Address space for a frame of usual size, so that it is not moved while it grows. The system gives memory only for what
/// is written into it.
const RESERVED: usize = USUAL_BYTES;
const LENGTH: usize = 4;
/// API key, version and correlation id.
const SHORTEST: i64 = 8;

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(io: R, early: Arc<Early>, limits: &ServerLimits, budget: InFlight) -> Frames<R> {
        Frames {
            io,
            early,
            ahead: vec![0; READ_AHEAD].into_boxed_slice(),
            start: 0,
            end: 0,
            budget,
            max_frame_bytes: limits.max_frame_bytes,
            frame_timeout: limits.frame_timeout,
            idle_timeout: limits.idle_timeout,
            timer: None,
        }
    }

    /// The next frame; `None` when the peer has closed the connection between two of them. Not cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.start == self.end {
            self.early.rest(true);
            let more = self.first_bytes().await?;
            self.early.rest(false);
            if !more {
                return Ok(None);
            }
        }
        self.rest_of_frame().await.map(Some)
    }

    /// Waits for the first bytes of a request; `false` at the end of the stream. The timer is set anew only when it rings:
    /// to set one for each request takes longer than to read a small one.
    async fn first_bytes(&mut self) -> Result<bool, FrameError> {
        let (idle, since) = (self.idle_timeout, Instant::now());
        let mut timer = self.timer.take().unwrap_or_else(|| Box::pin(sleep_until(since + idle)));
        let read = loop {
            tokio::select! {
                biased;
                read = self.read_ahead() => break read?,
                () = &mut timer => match since.elapsed() >= idle {
                    true => return Err(FrameError::Idle(idle)),
                    false => timer.as_mut().reset(since + idle),
                },
            }
        };
        self.timer = Some(timer);
        Ok(read)
    }

    async fn rest_of_frame(&mut self) -> Result<Frame, FrameError> {
        let limit = self.frame_timeout;
        let stalled = |_| FrameError::Stalled(limit);
        let length = timeout(limit, self.length()).await.map_err(stalled)??;
        let bytes = BytesMut::with_capacity(length.min(RESERVED));
        let mut frame = Frame { bytes, held: Share::default() };
        timeout(limit, self.fill(&mut frame.bytes, length.min(FREE_BYTES))).await.map_err(stalled)??;
        if length > FREE_BYTES {
            self.budget.take_usual(&mut frame.held, length).await;
            timeout(limit, self.fill(&mut frame.bytes, length.min(USUAL_BYTES))).await.map_err(stalled)??;
        }
        if length > USUAL_BYTES {
            self.budget.take_large(&mut frame.held, length).await;
            self.large_rest(&mut frame.bytes, length).await?;
        }
        Ok(frame)
    }

    /// A large request holds much of what others wait for, so it has to come at a pace. Memory still follows what has
    /// arrived.
    async fn large_rest(&mut self, bytes: &mut BytesMut, length: usize) -> Result<(), FrameError> {
        while bytes.len() < length {
            let until = length.min(bytes.len() + length.div_ceil(12));
            timeout(self.frame_timeout / 6, self.fill(bytes, until))
                .await
                .map_err(|_| FrameError::Stalled(self.frame_timeout))??;
        }
        Ok(())
    }

    /// Where the frames come from.
    pub(super) fn io(&self) -> &R {
        &self.io
    }

    async fn fill(&mut self, bytes: &mut BytesMut, until: usize) -> Result<(), FrameError> {
        let buffered = (self.end - self.start).min(until - bytes.len());
        bytes.extend_from_slice(&self.ahead[self.start..self.start + buffered]);
        self.start += buffered;
        while bytes.len() < until {
            if bytes.len() == bytes.capacity() {
                bytes.reserve(bytes.len().clamp(FREE_BYTES, 16 << 20).min(until - bytes.len()));
            }
            let mut room = bytes.limit(until - bytes.len());
            if self.io.read_buf(&mut room).await? == 0 {
                return Err(FrameError::CutOff);
            }
        }
        Ok(())
    }

    async fn length(&mut self) -> Result<usize, FrameError> {
        while self.end - self.start < LENGTH {
            if !self.read_ahead().await? {
                return Err(FrameError::CutOff);
            }
        }
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(&self.ahead[self.start..self.start + LENGTH]);
        self.start += LENGTH;
        let claimed = i64::from(i32::from_be_bytes(bytes));
        if claimed < SHORTEST {
            return Err(FrameError::TooShort { claimed });
        }
        match usize::try_from(claimed) {
            Ok(length) if length <= self.max_frame_bytes => Ok(length),
            _ => Err(FrameError::TooLarge { claimed, limit: self.max_frame_bytes }),
        }
    }

    /// Reads what the peer has sent, up to the buffer's size; `false` at the end of the stream.
    async fn read_ahead(&mut self) -> Result<bool, FrameError> {
        self.ahead.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let room = &mut self.ahead[self.end..];
        let read = poll_fn(|context| match self.early.take(room) {
            0 => {
                let mut buffer = ReadBuf::new(room);
                let polled = Pin::new(&mut self.io).poll_read(context, &mut buffer);
                polled.map_ok(|()| buffer.filled().len())
            }
            count => Poll::Ready(Ok(count)),
        });
        let read = read.await?;
        self.end += read;
        Ok(read > 0)
    }
}
