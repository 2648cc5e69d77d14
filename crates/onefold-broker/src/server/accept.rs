//! The listening socket: one task per connection, and at most so many of them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection;
use crate::wire::Node;

/// Becomes true once, when the broker is asked to stop.
pub(crate) type Stop = watch::Receiver<bool>;

/// How long connections may take to write out what is already decided when the broker stops.
const FAREWELL: Duration = Duration::from_secs(2);
/// Between two attempts to accept while the process has no file descriptors left.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(50);

/// Serves until `stop`; then lets the connections finish what they have answered, and returns when all are gone.
pub(crate) async fn accept(listener: TcpListener, node: Arc<Node>, mut stop: Stop) {
    let slots = Arc::new(Semaphore::new(node.settings.limits.max_connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => match slots.clone().try_acquire_owned() {
                Ok(slot) => {
                    let serving = connection::serve(stream, node.clone(), stop.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(slot);
                    });
                }
                Err(_) => refuse(&stream, node.settings.limits.max_connections),
            },
            Err(error) => after_failed_accept(&error).await,
        }
    }
    drop(listener);
    let all_gone = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all_gone).await.is_err() {
        connections.shutdown().await;
    }
}

fn refuse(stream: &TcpStream, limit: usize) {
    let peer = stream.peer_addr().map(|address| address.to_string()).unwrap_or_default();
    tracing::warn!(%peer, limit, "connection refused: the limit of connections is reached");
}

/// A connection that was reset before it was accepted is the peer's business; without file descriptors the broker waits.
async fn after_failed_accept(error: &io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
}
