//! The usual signals that ask a process to end.

/// Ends at the first SIGINT or SIGTERM: for `.until(onefold::shutdown())`.
///
/// Cancel-safe: a signal that comes while nobody waits is not lost once this was polled.
pub async fn shutdown() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for but the other signal.
    let _ = tokio::signal::ctrl_c().await;
}
