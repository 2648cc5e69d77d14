//! SQLite as a sink of the runtime.

use std::sync::Arc;

use super::batch::{Batch, InDatabase};
use super::writer::Writer;
use super::{Sqlite, claim, ids, schema, suspects, verdicts};
use crate::boundary::sink::{Answer, ClaimAt, Claimed, DeadRow, NoteAt, Sink, SinkError, SinkSettings, TxJob};
use crate::boundary::{BoxFuture, TxEffect};

pub(super) struct SqliteSink {
    writer: Arc<Writer>,
    of: Arc<InDatabase>,
}

impl SqliteSink {
    pub(super) fn open(
        db: Sqlite,
        effect: Arc<dyn TxEffect<Sqlite>>,
        settings: SinkSettings,
    ) -> Result<SqliteSink, SinkError> {
        let writer = Writer::of(&db.path)?;
        let setup: Vec<String> = db.setup.into_iter().chain(effect.setup()).collect();
        let path = db.path.display().to_string();
        writer.call_blocking(move |conn, _| {
            let unusable = |e: rusqlite::Error| SinkError::Down(format!("cannot use the SQLite file {path}: {e}"));
            conn.execute_batch(schema::TABLES).map_err(unusable)?;
            for sql in setup {
                let refused =
                    |e: rusqlite::Error| SinkError::Setup(format!("the setup statement is refused: {e}\n{sql}"));
                conn.execute_batch(&sql).map_err(refused)?;
            }
            Ok(())
        })?;
        Ok(SqliteSink { writer, of: Arc::new(InDatabase { effect, settings }) })
    }

    fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut rusqlite::Connection, &super::statements::Statements, &InDatabase) -> Result<T, SinkError>
        + Send
        + 'static,
    ) -> BoxFuture<'static, Result<T, SinkError>> {
        let (writer, of) = (self.writer.clone(), self.of.clone());
        Box::pin(async move { writer.call(move |conn, own| act(conn, own, &of)).await })
    }
}

impl Sink for SqliteSink {
    fn check_origin(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        self.call(|conn, _, of| claim::check_origin(conn, &of.settings))
    }

    fn claim(&self, partitions: Vec<ClaimAt>) -> BoxFuture<'static, Result<Vec<Claimed>, SinkError>> {
        self.call(move |conn, own, of| claim::claim(conn, own, &of.settings, &partitions))
    }

    fn note(&self, notes: Vec<NoteAt>) -> BoxFuture<'static, Result<Vec<bool>, SinkError>> {
        self.call(move |conn, own, of| suspects::write_all(conn, own, &of.settings, &notes))
    }

    fn submit(&self, jobs: Vec<TxJob>, answer: Answer) {
        self.writer.submit(Batch { of: self.of.clone(), jobs, answer });
    }

    fn unpublished(&self, at_most: usize) -> BoxFuture<'static, Result<Vec<DeadRow>, SinkError>> {
        self.call(move |conn, _, of| verdicts::unpublished(conn, &of.settings.group, at_most).map_err(claim::down))
    }

    fn published(&self, rows: Vec<i64>) -> BoxFuture<'static, Result<(), SinkError>> {
        self.call(move |conn, _, _| {
            let tx = conn.transaction().map_err(claim::down)?;
            verdicts::published(&tx, &rows).map_err(claim::down)?;
            tx.commit().map_err(claim::down)
        })
    }

    fn forget_old_ids(&self) -> BoxFuture<'static, Result<usize, SinkError>> {
        self.call(|conn, own, of| {
            let Some(keep_ms) = of.settings.keep_ids_ms else { return Ok(0) };
            let before = super::now_ms().saturating_sub(keep_ms);
            ids::forget_older(own, conn, &of.settings.group, before).map_err(claim::down)
        })
    }
}
