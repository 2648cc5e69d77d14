//! An answer that somebody waits for; where it comes and is never read, what it tells of is undone.

use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::RecvError;

use crate::boundary::sink::SinkError;

/// Dropped while the answer is there and was not read, it undoes. One that comes later is not taken from its sender any
/// more, who undoes it then.
pub(super) struct Unread<T, U: FnOnce(T)> {
    answered: Receiver<Result<T, SinkError>>,
    undo: Option<U>,
}

impl<T, U: FnOnce(T)> Unread<T, U> {
    pub(super) fn of(answered: Receiver<Result<T, SinkError>>, undo: U) -> Unread<T, U> {
        Unread { answered, undo: Some(undo) }
    }

    pub(super) async fn read(mut self) -> Result<Result<T, SinkError>, RecvError> {
        let answer = (&mut self.answered).await;
        self.undo = None;
        answer
    }
}

impl<T, U: FnOnce(T)> Drop for Unread<T, U> {
    fn drop(&mut self) {
        // First, so that nothing comes between.
        self.answered.close();
        if let (Some(undo), Ok(Ok(done))) = (self.undo.take(), self.answered.try_recv()) {
            undo(done);
        }
    }
}
