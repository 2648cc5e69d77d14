//! Signals that ask a command to end: the first one in good order, a second one at once.

use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }

    /// Whether it is more than an echo of the first one, so long after it.
    fn is_another_wish(self, first: Signal, after: Duration) -> bool {
        match self {
            Signal::Terminate => after >= SAME_WISH,
            Signal::Interrupt => first != self || after >= SAME_STROKE,
        }
    }

    /// Ends the process at once.
    pub fn end(self) -> ! {
        std::process::exit(self.exit_code())
    }

    /// What shells give for a process that it ended.
    fn exit_code(self) -> i32 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}

/// What to do for those who cannot wait, to be said with what is waited for.
pub const AGAIN: &str = "once more (Ctrl-C or SIGTERM) ends it at once";

/// A supervisor that signals the process and its whole group (`timeout`, some shells) says the same thing twice.
const SAME_WISH: Duration = Duration::from_secs(1);
/// Two SIGINTs that come together are one; a hand is never so fast.
const SAME_STROKE: Duration = Duration::from_millis(1);

/// Resolves at the first SIGINT or SIGTERM. The next one ends the process at once, with exit code 130 or 143: a SIGINT,
/// or a SIGTERM that comes more than a second after the first signal. Listens from the moment it is called, not from the
/// first poll.
pub fn asked() -> impl Future<Output = Signal> {
    let mut wishes = Wishes::listen();
    async move {
        let first = wishes.first().await;
        let at = Instant::now();
        tokio::spawn(wishes.end_at_another(first, at));
        first
    }
}

/// The commands that end in good order. All others only ask and print: a signal ends them as it ends any program.
const IN_ORDER: [&str; 4] = ["run", "broker", "produce", "consume"];

/// What was heard before the command began to listen.
static EARLY: Mutex<Option<Wishes>> = Mutex::new(None);

/// Listens for the command of this name, which takes over with [`Wishes::listen`].
pub fn listen_early(command: Option<OsString>) {
    if IN_ORDER.iter().any(|name| command.as_deref() == Some(name.as_ref())) {
        *EARLY.lock().unwrap_or_else(PoisonError::into_inner) = Some(Wishes::new());
    }
}

/// SIGINT and SIGTERM, heard from the moment this is made.
pub struct Wishes(Option<(Stream, Stream)>);

impl Wishes {
    /// From the start of the process on, where that was asked for.
    pub fn listen() -> Wishes {
        EARLY.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(Wishes::new)
    }

    fn new() -> Wishes {
        let streams = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        Wishes(if let (Ok(interrupt), Ok(terminate)) = streams { Some((interrupt, terminate)) } else { None })
    }

    /// The next signal, whatever came before it.
    pub async fn first(&mut self) -> Signal {
        match &mut self.0 {
            Some(streams) => next(streams).await,
            None => std::future::pending().await,
        }
    }

    /// Ends the process at the next signal that is more than an echo of the first wish, which was there at this time.
    pub async fn end_at_another(mut self, first: Signal, at: Instant) {
        loop {
            let again = self.first().await;
            if again.is_another_wish(first, at.elapsed()) {
                again.end();
            }
        }
    }
}

async fn next((interrupt, terminate): &mut (Stream, Stream)) -> Signal {
    tokio::select! {
        _ = interrupt.recv() => Signal::Interrupt,
        _ = terminate.recv() => Signal::Terminate,
    }
}

#[cfg(test)]
mod tests {
    use super::Signal::{Interrupt, Terminate};
    use std::time::Duration;

    #[test]
    fn an_echo_is_no_second_wish() {
        let ms = Duration::from_millis;
        for (first, again, after, ends) in [
            (Terminate, Terminate, ms(0), false),
            (Terminate, Terminate, ms(999), false),
            (Terminate, Terminate, ms(1000), true),
            (Interrupt, Terminate, ms(5), false),
            (Interrupt, Interrupt, Duration::from_micros(100), false),
            (Interrupt, Interrupt, ms(80), true),
            (Terminate, Interrupt, ms(0), true),
        ] {
            assert_eq!(again.is_another_wish(first, after), ends, "{again:?} {after:?} after {first:?}");
        }
    }
}
