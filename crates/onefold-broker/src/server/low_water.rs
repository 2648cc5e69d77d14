//! From how many bytes on the system tells of what a socket has received.

use std::os::fd::{AsRawFd, RawFd};

/// The mark of one connection's socket; to be set only while the connection lives, since its number is another's later.
pub(super) struct LowWater {
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "set nowhere else"))]
    socket: RawFd,
}

impl LowWater {
    pub(super) fn of(socket: &impl AsRawFd) -> LowWater {
        LowWater { socket: socket.as_raw_fd() }
    }

    /// Fewer bytes stay untold, but can be read; the end of the stream and errors are always told. Bytes that are there
    /// when the mark falls below them are told then. Where the system refuses, everything is told as before.
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "rustix does not have this option of a socket")]
    pub(super) fn set(&self, bytes: u16) {
        let bytes = libc::c_int::from(bytes);
        // SAFETY: the value is an int, as SO_RCVLOWAT takes it, alive during the call, and its size is given.
        unsafe {
            libc::setsockopt(
                self.socket,
                libc::SOL_SOCKET,
                libc::SO_RCVLOWAT,
                (&raw const bytes).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            );
        }
    }

    /// Elsewhere it is not known whether bytes below the mark can be read.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn set(&self, _: u16) {}
}
