//! SQLite as a sink of the runtime.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use super::batch::{Batch, InDatabase};
use super::statements::Statements;
use super::writer::Writer;
use super::{Sqlite, claim, down_at, ids, named_error, position, schema, setup, suspects, tried, verdicts};
use crate::boundary::sink::{
    Answer, ClaimAt, Claimed, DeadRow, NoteAt, PassOver, Sink, SinkError, SinkSettings, TxJob,
};
use crate::boundary::{BoxFuture, TxEffect};

pub(super) struct SqliteSink {
    writer: Arc<Writer>,
    path: Arc<PathBuf>,
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
        let path = db.path;
        let (guard, at) = (writer.guard.clone(), path.clone());
        writer.call_blocking(move |conn, _| {
            conn.execute_batch(schema::TABLES).map_err(|why| down_at(&at, &why))?;
            setup.iter().try_for_each(|sql| setup::run(conn, &guard, &at, sql).map_err(SinkError::Setup))
        })?;
        let path = Arc::new(path);
        Ok(SqliteSink { writer, path: path.clone(), of: Arc::new(InDatabase { path, effect, settings }) })
    }

    fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Connection, &Statements, &InDatabase) -> Result<T, SinkError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, SinkError>> {
        let (writer, of, path) = (self.writer.clone(), self.of.clone(), self.path.clone());
        Box::pin(async move {
            writer.call(move |conn, own| act(conn, own, &of)).await.map_err(|why| named_error(&path, why))
        })
    }
}

impl Sink for SqliteSink {
    fn try_statements(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        let (guard, path, target) = (self.writer.guard.clone(), self.path.clone(), self.path.display().to_string());
        self.call(move |conn, _, of| {
            let statements = of.effect.statements();
            let failed = tried::try_on_file(conn, &guard, &statements).map_err(|why| down_at(&path, &why))?;
            match failed.first() {
                None => Ok(()),
                Some((nth, why)) if super::is_a_slip(why) => Err(SinkError::Setup(format!(
                    "a statement cannot be prepared in {target}: {why}\n{}\n  \
                     to fix         correct the name, or make the table in `setup`",
                    statements[*nth]
                ))),
                Some((_, why)) => Err(down_at(&path, why)),
            }
        })
    }

    fn check_origin(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        self.call(|conn, _, of| claim::check_origin(conn, &of.settings))
    }

    fn claim(&self, partitions: Vec<ClaimAt>) -> BoxFuture<'static, Result<Vec<Claimed>, SinkError>> {
        let (writer, of, path) = (self.writer.clone(), self.of.clone(), self.path.clone());
        Box::pin(async move {
            let (claims, gives_up) = (of.clone(), of.clone());
            let claim = move |conn: &mut Connection, own: &Statements| {
                claim::claim(conn, own, &claims.settings, &partitions).map(|claimed| (claimed, partitions))
            };
            let give_up = move |conn: &mut Connection, own: &Statements, (claimed, wanted): (Vec<_>, Vec<ClaimAt>)| {
                claim::give_up(conn, own, &gives_up.settings, &wanted, claimed);
            };
            let claimed = writer.call_while_wanted(claim, give_up).await;
            claimed.map(|(claimed, _)| claimed).map_err(|why| named_error(&path, why))
        })
    }

    fn note(&self, notes: Vec<NoteAt>) -> BoxFuture<'static, Result<Vec<bool>, SinkError>> {
        self.call(move |conn, own, of| suspects::write_all(conn, own, &of.settings, &notes))
    }

    fn positions(&self, partitions: Vec<i32>) -> BoxFuture<'static, Result<Vec<Option<i64>>, SinkError>> {
        self.call(move |conn, own, of| {
            let all = partitions.iter().map(|partition| position::next_offset(own, conn, &of.settings, *partition));
            all.collect::<rusqlite::Result<_>>().map_err(claim::down)
        })
    }

    fn pass(&self, over: Vec<PassOver>) -> BoxFuture<'static, Result<(), SinkError>> {
        self.call(move |conn, own, of| {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(claim::down)?;
            over.iter().try_for_each(|over| position::pass(own, &tx, &of.settings, *over)).map_err(claim::down)?;
            tx.commit().map_err(claim::down)
        })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
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
