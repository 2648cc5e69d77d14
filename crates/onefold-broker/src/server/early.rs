//! The next request of a peer that waits for each answer, read before the thread falls asleep.
//!
//! Such a peer is back in a moment. To sleep and be woken for its request, through the system's readiness, takes longer than
//! that moment; so where records come one at a time, whoever has written an answer looks at the socket a little longer.
//! While the peer keeps coming back, the system is told to say nothing of such requests: it would wake another worker, the
//! one that watches all sockets, for each of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fd::AsFd;
use rustix::net::{RecvFlags, recv};

use super::low_water::LowWater;

/// Longer than a peer on this machine takes to read an answer and send its next request; short enough to cost little
/// where none comes.
const LOOK: Duration = Duration::from_micros(50);
/// A request that is longer comes by the usual way, from its second part on.
const SHORT: u16 = 4 << 10;

/// Bytes that were read ahead of their turn.
pub(super) struct Early {
    /// Whether the reader waits for the first byte of a frame: only then may bytes be taken before it asks.
    resting: AtomicBool,
    /// Whether the system says nothing of short requests.
    hushed: AtomicBool,
    mark: LowWater,
    bytes: Mutex<Vec<u8>>,
}

impl Early {
    pub(super) fn new(mark: LowWater) -> Early {
        Early { resting: AtomicBool::new(false), hushed: AtomicBool::new(false), mark, bytes: Mutex::default() }
    }

    pub(super) fn rest(&self, resting: bool) {
        self.resting.store(resting, Ordering::Relaxed);
    }

    /// Looks for the next request until it is there, or for a moment. Whether it came; then the system says nothing of the
    /// next ones until [`Early::listen`].
    pub(super) fn look(&self, socket: impl AsFd) -> bool {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.resting.load(Ordering::Relaxed) || !bytes.is_empty() {
            return false;
        }
        let mut buffer = [0; SHORT as usize];
        let until = Instant::now() + LOOK;
        loop {
            // The peer may wait for this very processor.
            std::thread::yield_now();
            match recv(&socket, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((0, _)) => return false, // the peer has left; the reader finds out by itself
                Ok((count, _)) => {
                    bytes.extend_from_slice(&buffer[..count]);
                    if !self.hushed.swap(true, Ordering::Relaxed) {
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
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let count = bytes.len().min(to.len());
        to[..count].copy_from_slice(&bytes[..count]);
        bytes.drain(..count);
        count
    }

    pub(super) fn is_there(&self) -> bool {
        !self.bytes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
