//! One transaction of the writer: jobs of any pipelines on the file, a savepoint each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::FutureExt;
use onefold_core::identity::{Claim, RowState};

use super::batch::InDatabase;
use super::guard::Guard;
use super::position::Position;
use super::statements::Statements;
use super::{Sqlite, ids, verdicts};
use crate::boundary::Tx;
use crate::boundary::sink::{TxDone, TxJob, TxWork};
use crate::dead_letter::redrive;
use crate::outcome::{Failure, Outcome};
use crate::pipeline::plan::Protocol;

/// The writer connection, and what stands around it.
pub(super) struct Writing {
    pub(super) tx: Tx<Sqlite>,
    pub(super) own: Statements,
    pub(super) guard: Guard,
}

/// What a transaction has touched so far.
#[derive(Default)]
pub(super) struct Open {
    positions: HashMap<(usize, i32), Option<Position>>,
    pub(super) stopped: Stopped,
}

/// Lanes of which a job did not succeed: what follows in them must not run.
pub(super) type Stopped = HashSet<(usize, u64)>;

impl Open {
    pub(super) fn after(stopped: &Stopped) -> Open {
        Open { stopped: stopped.clone(), ..Open::default() }
    }
}

/// The transaction is gone; what it did so far with it.
pub(super) struct Lost(pub(super) Failure);

impl Writing {
    pub(super) fn begin(&self) -> rusqlite::Result<()> {
        self.own.run(&self.tx.conn, "BEGIN IMMEDIATE", ()).map(drop)
    }

    /// Ends the transaction without a trace, if there still is one.
    pub(super) fn roll_back(&self) {
        if !self.tx.conn.is_autocommit()
            && let Err(error) = self.own.run(&self.tx.conn, "ROLLBACK", ())
        {
            tracing::warn!(%error, "a transaction of SQLite could not be rolled back");
        }
    }

    /// Runs one job. What it says is true once the transaction has committed.
    pub(super) async fn run(&mut self, open: &mut Open, of: &InDatabase, job: &TxJob) -> Result<TxDone, Lost> {
        if open.stopped.contains(&(of.key(), job.lane)) {
            return Ok(TxDone::NotRun);
        }
        if of.settings.protocol == Protocol::SinkOffsets && self.position(open, of, job)?.is_none() {
            return Ok(TxDone::Superseded);
        }
        let done = self.run_in_savepoint(of, job).await?;
        if moves_position(&done) {
            if let Some(Some(position)) = open.positions.get_mut(&(of.key(), job.record.partition)) {
                position.finished(job.gap_start, job.record.offset, job.record.leader_epoch);
            }
        } else {
            open.stopped.insert((of.key(), job.lane));
        }
        Ok(done)
    }

    /// Writes the positions and commits. `Ok(false)`: another owner took a partition over.
    pub(super) fn commit(&self, open: Open, of: &HashMap<usize, Arc<InDatabase>>) -> rusqlite::Result<bool> {
        for ((key, _), position) in open.positions {
            let (Some(position), Some(of)) = (position, of.get(&key)) else { continue };
            if !position.write(&self.own, &self.tx.conn, (&of.settings.group, &of.settings.topic))? {
                return Ok(false);
            }
        }
        self.own.run(&self.tx.conn, "COMMIT", ())?;
        Ok(true)
    }

    fn position<'o>(&self, open: &'o mut Open, of: &InDatabase, job: &TxJob) -> Result<&'o mut Option<Position>, Lost> {
        let partition = job.record.partition;
        match open.positions.entry((of.key(), partition)) {
            std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(unknown) => {
                let names = (&*of.settings.group, &*of.settings.topic);
                let read = Position::read(&self.own, &self.tx.conn, names, partition, job.epoch);
                Ok(unknown.insert(read.map_err(lost)?))
            }
        }
    }

    async fn run_in_savepoint(&mut self, of: &InDatabase, job: &TxJob) -> Result<TxDone, Lost> {
        if matches!(job.work, TxWork::Pass) {
            return Ok(TxDone::Done(Outcome::Skip("not for this pipeline")));
        }
        self.control("SAVEPOINT onefold_record")?;
        let done = match &job.work {
            TxWork::Run { digest: Some(digest) } => match self.claim(of, job, digest) {
                Ok(Claim::New) => self.attempt(of, job).await,
                Ok(Claim::Conflict) => TxDone::Conflict,
                Ok(Claim::Done | Claim::Dead | Claim::Running) => TxDone::Duplicate,
                Err(error) => TxDone::Failed(error.into()),
            },
            TxWork::Run { digest: None } | TxWork::Pass => self.attempt(of, job).await,
            TxWork::Dead { .. } => match self.write_verdict(of, job) {
                Ok(()) => TxDone::Done(Outcome::Done),
                Err(error) => TxDone::Failed(error.into()),
            },
        };
        // An error may have ended the whole transaction (a full disk, RAISE(ROLLBACK)): all before it is gone too.
        if self.tx.conn.is_autocommit() {
            return Err(Lost(match done {
                // Its class says whether the record is at fault, or the disk.
                TxDone::Failed(failure) => failure,
                _ => Failure::transient("a statement ended the transaction, and the handler went on without it"),
            }));
        }
        if !matches!(done, TxDone::Done(Outcome::Done)) {
            self.control("ROLLBACK TO onefold_record")?;
        }
        self.control("RELEASE onefold_record")?;
        Ok(done)
    }

    async fn attempt(&mut self, of: &InDatabase, job: &TxJob) -> TxDone {
        self.guard.lend();
        let running = std::panic::AssertUnwindSafe(async { of.effect.run(&job.record, &mut self.tx).await });
        let ended = running.catch_unwind().await;
        self.guard.take_back();
        match ended {
            Ok(Ok(outcome @ (Outcome::Done | Outcome::Skip(_) | Outcome::Stale(_)))) => TxDone::Done(outcome),
            Ok(Ok(other)) => TxDone::Refused(other),
            Ok(Err(failure)) => TxDone::Failed(failure),
            Err(panic) => TxDone::Failed(crate::boundary::panic_failure(&*panic)),
        }
    }

    fn claim(&self, of: &InDatabase, job: &TxJob, digest: &[u8; 16]) -> rusqlite::Result<Claim> {
        let (group, identity) = (&*of.settings.group, &job.attempt.identity);
        let claim = ids::claim_and_mark(&self.own, &self.tx.conn, group, identity, digest, super::now_ms())?;
        if claim == Claim::Dead && redrive::runs_again(&job.record, group) {
            // Undone with its savepoint, where it dies again.
            ids::revive(&self.own, &self.tx.conn, identity, digest, super::now_ms())?;
            return Ok(Claim::New);
        }
        Ok(claim)
    }

    fn write_verdict(&self, of: &InDatabase, job: &TxJob) -> rusqlite::Result<()> {
        let TxWork::Dead { letter, reason, digest } = &job.work else { return Ok(()) };
        let (group, conn) = (&*of.settings.group, &self.tx.conn);
        verdicts::write(&self.own, conn, group, &job.record, letter, reason, super::now_ms())?;
        if let Some(digest) = digest {
            let identity = &job.attempt.identity;
            ids::write(&self.own, conn, group, identity, digest, RowState::Dead, super::now_ms())?;
        }
        Ok(())
    }

    fn control(&self, sql: &'static str) -> Result<(), Lost> {
        self.own.run(&self.tx.conn, sql, ()).map(drop).map_err(lost)
    }
}

fn moves_position(done: &TxDone) -> bool {
    matches!(done, TxDone::Done(_) | TxDone::Duplicate)
}

fn lost(error: rusqlite::Error) -> Lost {
    Lost(error.into())
}
