//! From how many bytes on the system tells of what a socket has received.

use rustix::system::uname;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::LazyLock;

/// The mark of one connection's socket; to be set only while the connection lives, since its number is another's later.
pub(super) struct LowWater {
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "set nowhere else"))]
    socket: RawFd,
}

impl LowWater {
    pub(super) fn of(socket: &impl AsRawFd) -> LowWater {
        LowWater { socket: socket.as_raw_fd() }
    }

    /// Whether this system tells of bytes that are there when the mark falls below them. Linux does since 4.18 (commit
    /// 03f45c883c6f); one that only acts as Linux names an older version of it, and is not asked for what it may not have.
    pub(super) fn is_kept() -> bool {
        static IS_KEPT: LazyLock<bool> =
            LazyLock::new(|| cfg!(target_os = "linux") && is_recent(&uname().release().to_string_lossy()));
        *IS_KEPT
    }

    /// Fewer bytes stay untold, but can be read; the end of the stream and errors are always told. Bytes that are there
    /// when the mark falls below them are told then, if [`LowWater::is_kept`]. Where the system refuses, everything is told as
    /// before.
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

fn is_recent(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(4), Some(18))
}

#[cfg(test)]
mod tests {
    use super::is_recent;

    #[test]
    fn versions_of_linux() {
        for recent in ["4.18.0-553.el8_10.x86_64", "5.4.0", "6.18.44-fc-v669", "10.0"] {
            assert!(is_recent(recent), "{recent}");
        }
        for old in ["4.4.0", "4.15.0-213-generic", "3.10.0-1160.el7.x86_64", "2.6.32", "", "unknown"] {
            assert!(!is_recent(old), "{old}");
        }
    }
}
