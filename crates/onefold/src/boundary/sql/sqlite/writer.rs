//! The one thread and the one writer connection of a file in this process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use onefold_core::identity::{Identity, RowState};
use rusqlite::Connection;

use super::batch::{self, Batch};
use super::guard::Guard;
use super::statements::Statements;
use super::transaction::Writing;
use super::unread::Unread;
use super::{Sqlite, ids, open_connection};
use crate::boundary::Tx;
use crate::boundary::sink::SinkError;

/// Sends work to the file's thread, which ends with the last of these.
pub(crate) struct Writer {
    work: Sender<Message>,
    pub(super) guard: Guard,
}

enum Message {
    Batch(Batch),
    Mark(Mark, MarkAnswer),
    /// A look at what is committed, in no order with anything else.
    Read(Call),
    /// Anything else that needs the connection, outside any transaction.
    Call(Call),
}

/// An identity to write outside any effect's transaction.
pub(super) struct Mark {
    pub(super) group: Arc<str>,
    pub(super) identity: Identity,
    pub(super) digest: [u8; 16],
    pub(super) state: RowState,
}

type MarkAnswer = tokio::sync::oneshot::Sender<Result<(), SinkError>>;

type Call = Box<dyn FnOnce(&mut Connection, &Statements) + Send>;

impl Writer {
    /// The writer of this file; started where there is none.
    pub(crate) fn of(path: &Path) -> Result<Arc<Writer>, SinkError> {
        static WRITERS: OnceLock<Mutex<HashMap<PathBuf, Weak<Writer>>>> = OnceLock::new();
        let mut writers = WRITERS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        // Opened first: only a file that is there has one name.
        let conn = open_connection(path).map_err(|failure| SinkError::Down(failure.to_string()))?;
        let name = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if let Some(writer) = writers.get(&name).and_then(Weak::upgrade) {
            return Ok(writer);
        }
        let writer = Arc::new(start(conn, &name)?);
        writers.insert(name, Arc::downgrade(&writer));
        Ok(writer)
    }

    pub(super) fn submit(&self, batch: Batch) {
        // The thread outlives every sender but for a panic of ours, after which the answer is missing: the engine
        // ends with an error when its batches are not answered at shutdown.
        let _ = self.work.send(Message::Batch(batch));
    }

    /// Writes an identity row. All that wait share a transaction; durable when it answers.
    pub(super) async fn mark(&self, mark: Mark) -> Result<(), SinkError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let _ = self.work.send(Message::Mark(mark, answer));
        answered.await.unwrap_or_else(|_| Err(SinkError::Down("the SQLite thread has ended".into())))
    }

    /// Runs `act` on the connection, between transactions, after all that was sent before.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection, &Statements) -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        self.ask(Message::Call, act).await
    }

    /// As [`Writer::call`]; but when nobody waits for it any more it does not begin, and where that shows only afterwards,
    /// `undo` is told what was done.
    pub(super) async fn call_while_wanted<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection, &Statements) -> Result<T, SinkError> + Send + 'static,
        undo: impl Fn(&mut Connection, &Statements, T) + Clone + Send + 'static,
    ) -> Result<T, SinkError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let undoes = undo.clone();
        let call: Call = Box::new(move |conn, own| {
            if answer.is_closed() {
                return;
            }
            if let Err(Ok(done)) = answer.send(act(conn, own)) {
                undo(conn, own, done);
            }
        });
        let _ = self.work.send(Message::Call(call));
        // Answered and never read, it is undone as well, before whatever is asked after this was dropped.
        let unread = Unread::of(answered, |done| {
            let undo: Call = Box::new(move |conn, own| undoes(conn, own, done));
            let _ = self.work.send(Message::Call(undo));
        });
        unread.read().await.unwrap_or_else(|_| Err(SinkError::Down("the SQLite thread has ended".into())))
    }

    /// Runs a query on the connection, without waiting for what was sent before: marks that are under way would
    /// otherwise be synced one by one.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection, &Statements) -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        self.ask(Message::Read, act).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        kind: fn(Call) -> Message,
        act: impl FnOnce(&mut Connection, &Statements) -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let call: Call = Box::new(move |conn, own| drop(answer.send(act(conn, own))));
        let _ = self.work.send(kind(call));
        answered.await.unwrap_or_else(|_| Err(SinkError::Down("the SQLite thread has ended".into())))
    }

    /// As [`Writer::call`], for callers that may block.
    pub(super) fn call_blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection, &Statements) -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        let (answer, answered) = mpsc::channel();
        let call: Call = Box::new(move |conn, own| drop(answer.send(act(conn, own))));
        let _ = self.work.send(Message::Call(call));
        answered.recv().unwrap_or_else(|_| Err(SinkError::Down("the SQLite thread has ended".into())))
    }
}

fn start(conn: Connection, name: &Path) -> Result<Writer, SinkError> {
    let guard = Guard::install(&conn).map_err(|why| super::down_at(name, &why))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| SinkError::Down(format!("cannot start a runtime for {}: {e}", name.display())))?;
    let writing = Writing { tx: Tx::<Sqlite> { conn }, own: Statements::new(), guard: guard.clone() };
    let (work, inbox) = mpsc::channel();
    std::thread::Builder::new()
        .name("onefold-sqlite".into())
        .spawn(move || serve(&runtime, writing, &inbox))
        .map_err(|e| SinkError::Down(format!("cannot start a thread for {}: {e}", name.display())))?;
    Ok(Writer { work, guard })
}

/// Takes whatever is ready, never waiting for more.
fn serve(runtime: &tokio::runtime::Runtime, mut writing: Writing, inbox: &Receiver<Message>) {
    while let Ok(first) = inbox.recv() {
        let (mut batches, mut marks) = (Vec::new(), Vec::new());
        for message in std::iter::once(first).chain(inbox.try_iter()) {
            match message {
                Message::Batch(batch) => batches.push(batch),
                Message::Mark(mark, answer) => marks.push((mark, answer)),
                Message::Read(read) => read(&mut writing.tx.conn, &writing.own),
                Message::Call(call) => {
                    // In order: what was submitted before the call is in the database when it runs.
                    work_off(runtime, &mut writing, &mut batches, &mut marks);
                    call(&mut writing.tx.conn, &writing.own);
                }
            }
        }
        work_off(runtime, &mut writing, &mut batches, &mut marks);
    }
}

fn work_off(
    runtime: &tokio::runtime::Runtime,
    writing: &mut Writing,
    batches: &mut Vec<Batch>,
    marks: &mut Vec<(Mark, MarkAnswer)>,
) {
    // A pipeline that breaks off in a test takes none of its neighbours' answers along: it gets its own transactions.
    let (alone, together): (Vec<Batch>, Vec<Batch>) =
        std::mem::take(batches).into_iter().partition(|batch| batch.of.settings.crash.is_armed());
    if !together.is_empty() {
        runtime.block_on(batch::run(writing, together));
    }
    for batch in alone {
        runtime.block_on(batch::run(writing, vec![batch]));
    }
    if !marks.is_empty() {
        let written = write_marks(writing, marks).map_err(super::claim::down);
        for (_, answer) in marks.drain(..) {
            let _ = answer.send(written.clone());
        }
    }
}

fn write_marks(writing: &Writing, marks: &[(Mark, MarkAnswer)]) -> rusqlite::Result<()> {
    let write = || {
        writing.begin()?;
        for (Mark { group, identity, digest, state }, _) in marks {
            let (own, conn, now_ms) = (&writing.own, &writing.tx.conn, super::now_ms());
            let written = ids::write(own, conn, group, identity, digest, *state, now_ms)?;
            if written == 0 && state.replaces(RowState::Dead) {
                ids::revive(own, conn, identity, digest, now_ms)?;
            }
        }
        writing.own.run(&writing.tx.conn, "COMMIT", ()).map(drop)
    };
    write().inspect_err(|_| writing.roll_back())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    fn begin(call: std::pin::Pin<&mut impl Future>) {
        assert!(matches!(call.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_before_its_turn_is_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::of(&folder.path().join("w.db")).unwrap();
        let (go, goes) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        {
            let mut before =
                Box::pin(writer.call(move |_, _| goes.recv().map_err(|_| SinkError::Down("no go".into()))));
            begin(before.as_mut());
            let (act, undo) = (tell.clone(), tell);
            let acts = move |_: &mut Connection, _: &Statements| {
                act.send("begun").unwrap();
                Ok(())
            };
            let mut unwanted = Box::pin(writer.call_while_wanted(acts, move |_, _, ()| undo.send("undone").unwrap()));
            begin(unwanted.as_mut());
        }
        go.send(()).unwrap();
        writer.call(|_, _| Ok(())).await.unwrap();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), Vec::<&str>::new());
    }

    #[tokio::test]
    async fn what_nobody_waits_for_when_it_is_done_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::of(&folder.path().join("w.db")).unwrap();
        let (go, goes) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        {
            let (act, undo) = (tell.clone(), tell);
            let acts = move |_: &mut Connection, _: &Statements| {
                act.send("begun").unwrap();
                goes.recv().unwrap();
                Ok(())
            };
            let mut unwanted = Box::pin(writer.call_while_wanted(acts, move |_, _, ()| undo.send("undone").unwrap()));
            begin(unwanted.as_mut());
            assert_eq!(told.recv().unwrap(), "begun");
        }
        go.send(()).unwrap();
        writer.call(|_, _| Ok(())).await.unwrap();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["undone"]);
    }

    #[tokio::test]
    async fn what_was_answered_and_not_read_is_undone_before_what_is_asked_next() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::of(&folder.path().join("w.db")).unwrap();
        let (tell, told) = mpsc::channel();
        let next = tell.clone();
        for reads in [false, true] {
            let (act, undo) = (tell.clone(), tell.clone());
            let (go, goes) = mpsc::channel::<()>();
            let acts = move |_: &mut Connection, _: &Statements| {
                goes.recv().unwrap();
                act.send("begun").unwrap();
                Ok(())
            };
            let mut call = Box::pin(writer.call_while_wanted(acts, move |_, _, ()| undo.send("undone").unwrap()));
            begin(call.as_mut());
            go.send(()).unwrap();
            // Behind it: it has answered by now.
            writer.call(|_, _| Ok(())).await.unwrap();
            if reads {
                call.await.unwrap();
            } else {
                drop(call);
            }
            let next = next.clone();
            let asked_next = move |_: &mut Connection, _: &Statements| {
                next.send("next").unwrap();
                Ok(())
            };
            writer.call(asked_next).await.unwrap();
        }
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["begun", "undone", "next", "begun", "next"]);
    }
}
