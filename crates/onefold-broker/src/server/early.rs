//! The next request of a peer that waits for each answer, read before the thread falls asleep.
//!
//! Such a peer is back in a moment. To sleep and be woken for its request, through the system's readiness, takes longer than
//! that moment; so where records come one at a time, whoever has written an answer looks at the socket a little longer.
//! While the peer keeps coming back, the system is told to say nothing of such requests: it would wake another worker, the
//! one that watches all sockets, for each of them. Where the processor is wanted by others, giving it up for a moment gives it
//! up for their whole slice of time: then nobody looks for a while, and requests are told as usual.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::fd::AsFd;
use rustix::net::{RecvFlags, recv};

use super::low_water::LowWater;

/// Longer than a peer on this machine takes to read an answer and send its next request; short enough to cost little
/// where none comes.
const LOOK: Duration = Duration::from_micros(50);
/// Who needs longer than this has lost the processor to others meanwhile.
const CONTENDED: Duration = Duration::from_micros(300);
/// Nobody looks for so long after that; for twice as long each time that it is so again, up to the second.
const LEAVE_IT: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(200)];
/// A request that is longer comes by the usual way, from its second part on.
const SHORT: u16 = 4 << 10;

/// Bytes that were read ahead of their turn.
pub(super) struct Early {
    /// Whether the reader waits for the first byte of a frame: only then may bytes be taken before it asks.
    resting: AtomicBool,
    /// Whether the system says nothing of short requests.
    hushed: AtomicBool,
    mark: LowWater,
    ahead: Mutex<Ahead>,
}

#[derive(Default)]
struct Ahead {
    bytes: Vec<u8>,
    /// Until when nobody looks.
    not_before: Option<Instant>,
    /// For how long that was.
    left: Duration,
}

impl Early {
    pub(super) fn new(mark: LowWater) -> Early {
        Early { resting: AtomicBool::new(false), hushed: AtomicBool::new(false), mark, ahead: Mutex::default() }
    }

    pub(super) fn rest(&self, resting: bool) {
        self.resting.store(resting, Ordering::Relaxed);
    }

    /// Looks for the next request until it is there, or for a moment. Whether it came; then the system says nothing of the
    /// next ones until [`Early::listen`].
    pub(super) fn look(&self, socket: impl AsFd) -> bool {
        let mut ahead = self.ahead();
        let begin = Instant::now();
        if !self.resting.load(Ordering::Relaxed) || !ahead.bytes.is_empty() || ahead.not_before > Some(begin) {
            return false;
        }
        let found = self.look_until(begin + LOOK, socket, &mut ahead.bytes);
        let end = Instant::now();
        ahead.left = match end - begin > CONTENDED {
            true => (2 * ahead.left).clamp(LEAVE_IT[0], LEAVE_IT[1]),
            false => Duration::ZERO,
        };
        ahead.not_before = Some(end + ahead.left);
        found
    }

    fn look_until(&self, until: Instant, socket: impl AsFd, bytes: &mut Vec<u8>) -> bool {
        let mut buffer = [0; SHORT as usize];
        loop {
            // The peer may wait for this very processor.
            std::thread::yield_now();
            match recv(&socket, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((0, _)) => return false, // the peer has left; the reader finds out by itself
                Ok((count, _)) => {
                    bytes.extend_from_slice(&buffer[..count]);
                    if LowWater::is_kept() && !self.hushed.swap(true, Ordering::Relaxed) {
                        self.mark.set(SHORT + 1);
                    }
                    return true;
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) if Instant::now() < until => {}
                Err(_) => return false, // what is wrong shows at the next read
            }
        }
    }

    /// Has the system tell of every byte again, those that are there already included. Before the connection's task waits
    /// for the system, whatever for: part of a request may be what it waits for.
    pub(super) fn listen(&self) {
        if self.hushed.swap(false, Ordering::Relaxed) {
            self.mark.set(1);
        }
    }

    /// Moves what was read into `to`, as far as it fits; how much.
    pub(super) fn take(&self, to: &mut [u8]) -> usize {
        let bytes = &mut self.ahead().bytes;
        let count = bytes.len().min(to.len());
        to[..count].copy_from_slice(&bytes[..count]);
        bytes.drain(..count);
        count
    }

    pub(super) fn is_there(&self) -> bool {
        !self.ahead().bytes.is_empty()
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
