//! Signals that ask a command to end: the first one in good order, the second one at once.

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

/// Resolves at the first SIGINT or SIGTERM; the one after it ends the process at once, with exit code 130 or 143.
/// Listens from the moment it is called, not from the first poll.
pub fn asked() -> impl Future<Output = Signal> {
    let streams = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(interrupt), Ok(terminate)) = streams else { return std::future::pending().await };
        let mut streams = (interrupt, terminate);
        let first = next(&mut streams).await;
        tokio::spawn(async move { std::process::exit(next(&mut streams).await.exit_code()) });
        first
    }
}

async fn next((interrupt, terminate): &mut (Stream, Stream)) -> Signal {
    tokio::select! {
        _ = interrupt.recv() => Signal::Interrupt,
        _ = terminate.recv() => Signal::Terminate,
    }
}
