//! What the runtime asks of a database that holds position and effect together.
//!
//! The runtime decides what is ready and in which order; a sink runs it in as few transactions as it can and says how
//! each record ended. It never retries, and nothing that it reports as durable can be lost by a crash.

use std::sync::Arc;

use super::{Attempt, BoxFuture};
use crate::outcome::{Failure, Handled};
use crate::pipeline::plan::Protocol;
use crate::record::Record;

/// A database with a pipeline's effect in it.
pub trait Sink: Send + Sync + 'static {
    /// Takes partitions over: raises their owner epoch and returns where they stand. Waits for a transaction of an
    /// older owner to end.
    fn claim(&self, partitions: Vec<ClaimAt>) -> BoxFuture<'static, Result<Vec<Claimed>, SinkError>>;

    /// Runs jobs in order and answers once, when all that succeeded is durable. Never blocks.
    fn submit(&self, jobs: Vec<TxJob>, answer: Answer);

    /// Verdict rows that no dead letter was published for yet.
    fn unpublished(&self, at_most: usize) -> BoxFuture<'static, Result<Vec<DeadRow>, SinkError>>;

    /// Forgets verdict rows whose dead letters are acknowledged.
    fn published(&self, rows: Vec<i64>) -> BoxFuture<'static, Result<(), SinkError>>;
}

/// Called once with one result per job, in the jobs' order.
pub type Answer = Box<dyn FnOnce(Vec<TxDone>) + Send>;

/// How a sink serves its pipeline.
#[derive(Clone)]
pub struct SinkSettings {
    pub group: Arc<str>,
    pub topic: Arc<str>,
    pub cluster_id: Arc<str>,
    /// `SinkOffsets`, `Inbox` or `Conditional`.
    pub protocol: Protocol,
    /// How long ids are remembered, where the pipeline has ids.
    pub keep_ids_ms: Option<i64>,
}

/// A partition to take over.
#[derive(Clone, Debug)]
pub struct ClaimAt {
    pub topic_id: crate::record::TopicId,
    pub partition: i32,
}

/// Where a claimed partition stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub partition: i32,
    /// The owner epoch that this claim raised the partition to.
    pub epoch: i64,
    /// The position; `None` where the sink has none yet.
    pub next_offset: Option<i64>,
    /// Offsets at and above the position that are done already.
    pub done: Vec<i64>,
}

/// A record for the sink.
pub struct TxJob {
    pub record: Arc<Record>,
    pub attempt: Attempt,
    /// Identical for jobs whose order must hold: after one that did not succeed, the others of its lane do not run.
    pub lane: u64,
    /// No record is between this offset and the record's own.
    pub gap_start: i64,
    /// The owner epoch of the partition's claim.
    pub epoch: i64,
    pub work: TxWork,
}

/// What is to happen with a record.
pub enum TxWork {
    /// The effect.
    Run {
        /// Set where the pipeline remembers ids: the digest of the payload.
        digest: Option<[u8; 16]>,
    },
    /// Nothing but the position: it was filtered out.
    Pass,
    /// A verdict: the record is dead, and this is the letter.
    Dead(Box<DeadLetterRow>),
}

/// A verdict to store beside the position.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetterRow {
    /// The dead letter, ready to be produced.
    pub letter: Record,
    pub reason: String,
}

/// A stored verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadRow {
    pub row: i64,
    pub letter: Record,
}

/// How a job ended.
#[derive(Debug)]
pub enum TxDone {
    /// Effect, id and position are durable. `Skip` counts here too.
    Done(crate::outcome::Outcome),
    /// The id was there: a repeat. Position durable.
    Duplicate,
    /// The id was there with another payload: not run, position not moved.
    Conflict,
    /// The effect failed and left nothing behind; position not moved.
    Failed(Failure),
    /// The effect asks for another outcome than `Done` or `Skip`; it left nothing behind.
    Refused(Handled),
    /// Not run: an earlier job of its lane did not succeed, or the batch was lost with no fault of this record.
    NotRun,
    /// Another owner took the partition over: nothing of this is in the database.
    Superseded,
    /// The database itself failed; nothing of this is in it.
    SinkDown(Arc<str>),
}

/// Why a sink cannot serve.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SinkError {
    /// The database cannot be reached or written: wait and try again.
    #[error("{0}")]
    Down(String),
    /// The position in the sink belongs to another cluster or topic: a person must choose.
    #[error("{0}")]
    Foreign(String),
}
