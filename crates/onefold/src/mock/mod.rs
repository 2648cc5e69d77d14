//! An endpoint to try a pipeline against: it takes whatever it is sent, fails as its settings say, and keeps a log.
//!
//! - [`rules`](self): what an attempt is answered is a pure function of (seed, id, attempt), so that every run of the
//!   same input ends the same, however often it is killed between.
//! - The log holds one line a request that was answered with success, durable before the answer; a line torn by a
//!   kill is cut off at the next start, since nobody was answered for it.
//!
//! Attempts are counted since the mock's start, on top of what its log holds. A killed pipeline begins its own count
//! anew together with the mock, so the mock never refuses an id more often in a row than its settings say.
//!
//! It is for trying things out: it listens on this machine only unless told otherwise, and never by itself.

mod log;
mod rules;
mod serve;

use crate::settings::MockSettings;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A mock that serves until it is shut down or dropped.
#[derive(Debug)]
pub struct Mock {
    address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

/// Why a mock does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    #[error("mocks.{name}: {address} is taken ({why}): stop who listens there, or set another `listen`")]
    Address { name: String, address: SocketAddr, why: std::io::Error },
    #[error("mocks.{name}: cannot write the log {}: {why}", path.display())]
    Log { name: String, path: PathBuf, why: std::io::Error },
}

impl Mock {
    /// Ready for requests when it returns.
    ///
    /// # Errors
    /// The address is taken, or the log cannot be written.
    pub async fn start(settings: &MockSettings) -> Result<Mock, MockError> {
        let name = settings.name.value.clone();
        let (address, path) = (settings.listen.value, settings.log.as_ref().map(|log| log.value.clone()));
        let listener = tokio::net::TcpListener::bind(address).await.map_err(|why| MockError::Address {
            name: name.clone(),
            address,
            why,
        })?;
        let address = listener.local_addr().unwrap_or(address);
        let log = match path {
            Some(path) => Some(log::Log::open(&path).map_err(|why| MockError::Log { name, path, why })?),
            None => None,
        };
        let serving = tokio::spawn(serve::serve(listener, settings.clone(), log));
        Ok(Mock { address, serving })
    }

    /// Where it listens, the port filled in.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once; requests that wait for an answer get none.
    pub async fn shutdown(mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
