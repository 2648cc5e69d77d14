//! The terminal of a run: the live lines at its foot, whatever else is printed above them, and how wide it is.

use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::OnceLock;

static LIVE: OnceLock<MultiProgress> = OnceLock::new();

/// The live lines, drawn on standard output.
pub fn live() -> &'static MultiProgress {
    LIVE.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stdout()))
}

/// Prints with the live lines out of the way, where there are any.
pub fn above_live<T>(print: impl FnOnce() -> T) -> T {
    match LIVE.get() {
        Some(live) => live.suspend(print),
        None => print(),
    }
}

/// How many columns standard output has; none where it is no terminal.
pub fn width() -> Option<usize> {
    width_of(&io::stdout())
}

/// How many columns a stream has; none where it is no terminal.
pub fn width_of(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream.as_fd()).ok().filter(|_| stream.is_terminal())?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Standard error for the log, which must not be drawn over either.
pub struct Above;

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        above_live(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
