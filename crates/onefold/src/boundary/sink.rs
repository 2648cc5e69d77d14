//! What the runtime asks of a database that holds position and effect together.
//!
//! The runtime decides what is ready and in which order; a sink runs it in as few transactions as it can and says how
//! each record ended. It never retries, and nothing that it reports as durable can be lost by a crash.

use std::sync::Arc;

pub use onefold_core::suspects::{Note, Suspects, SuspectsSettings, Tried};

use super::{Attempt, BoxFuture};
use crate::crash::CrashPlan;
use crate::outcome::{Failure, Outcome};
use crate::pipeline::plan::Protocol;
use crate::record::{Record, TopicId};

/// A database with a pipeline's effect in it.
pub trait Sink: Send + Sync + 'static {
    /// Takes partitions over: raises their owner epoch and returns where they stand. Waits for a transaction of an
    /// older owner to end.
    ///
    /// Dropped before it has begun, it never begins: by then another process may own the partitions. Dropped while it goes
    /// on, or when it is done and was not read, it leaves no note open, since nothing will run under it: before a claim that
    /// is made next. It is polled by a thread that has other things to do.
    fn claim(&self, partitions: Vec<ClaimAt>) -> BoxFuture<'static, Result<Vec<Claimed>, SinkError>>;

    /// Makes notes of partitions durable; of each whether it did. It does not where another owner took over. Once polled,
    /// it comes before whatever is asked later.
    fn note(&self, notes: Vec<NoteAt>) -> BoxFuture<'static, Result<Vec<bool>, SinkError>>;

    /// Where partitions stand in this database, whoever has them now. `None`: it holds no position of this one.
    fn positions(&self, partitions: Vec<i32>) -> BoxFuture<'static, Result<Vec<Option<i64>>, SinkError>>;

    /// Moves positions over what holds no record. Where the position or the owner is another by now, nothing changes.
    fn pass(&self, over: Vec<PassOver>) -> BoxFuture<'static, Result<(), SinkError>>;

    /// The database, as its messages name it.
    fn name(&self) -> String;

    /// Runs jobs in order and answers once, when all that succeeded is durable. Never blocks.
    fn submit(&self, jobs: Vec<TxJob>, answer: Answer);

    /// Sees, once all pipelines' setups have run, whether the statements of each record can run at all.
    fn try_statements(&self) -> BoxFuture<'static, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether the group's position for the topic belongs to another cluster, or to another topic of this name.
    fn check_origin(&self) -> BoxFuture<'static, Result<(), SinkError>>;

    /// Forgets a few identities that are older than the window; returns how many. 0: none is left.
    fn forget_old_ids(&self) -> BoxFuture<'static, Result<usize, SinkError>>;

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
    pub topic_id: TopicId,
    /// `SinkOffsets`, `Inbox` or `Conditional`.
    pub protocol: Protocol,
    /// How long ids are remembered, where the pipeline has ids.
    pub keep_ids_ms: Option<i64>,
    /// Where a test breaks off.
    pub crash: CrashPlan,
}

/// A partition to take over.
#[derive(Clone, Debug)]
pub struct ClaimAt {
    pub partition: i32,
    /// Where it begins if the sink has no position for it.
    pub start: i64,
    /// The first record that is left in the log. A position below it, or beyond the end, is not read: nothing is noted.
    pub earliest: i64,
    /// The offset that the next record of the log gets.
    pub end: i64,
    pub suspects: SuspectsSettings,
}

/// Where a claimed partition stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub partition: i32,
    /// The owner epoch that this claim raised the partition to.
    pub epoch: i64,
    pub next_offset: i64,
    /// Leader epoch of the last record below the position, where it is known.
    pub leader_epoch: Option<i32>,
    /// Stretches above the position that are done already, in order and apart from each other.
    pub done: Vec<std::ops::Range<i64>>,
    /// What the last owner's note says; the new one is durable, where the position can be read.
    pub suspects: Suspects,
}

/// Offsets without a record, such as the markers of transactions, at the end of what a partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassOver {
    pub partition: i32,
    /// The owner epoch of the partition's claim.
    pub epoch: i64,
    /// Everything below is done.
    pub from: i64,
    /// No record is below this that is not below `from`.
    pub to: i64,
}

/// What an owner notes of a partition.
#[derive(Clone, Debug)]
pub struct NoteAt {
    pub partition: i32,
    /// The owner epoch of the partition's claim.
    pub epoch: i64,
    pub note: Note,
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
        /// Set where the identity is remembered: the digest of the payload.
        digest: Option<[u8; 16]>,
    },
    /// Nothing but the position: it was filtered out.
    Pass,
    /// A verdict: the record is dead, and this is the letter.
    Dead { letter: Box<Record>, reason: String, digest: Option<[u8; 16]> },
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
    Done(Outcome),
    /// The id was there: a repeat. Position durable.
    Duplicate,
    /// The id was there with another payload: not run, position not moved.
    Conflict,
    /// The effect failed and left nothing behind; position not moved.
    Failed(Failure),
    /// The handler asks for another attempt or calls the record dead; the attempt left nothing behind.
    Refused(Outcome),
    /// Not run: an earlier job of its lane did not succeed.
    NotRun,
    /// The effect is there, and the store of ids could not be told: to be marked, and not to run again.
    Unmarked(Arc<str>),
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
    /// The effect's own setup was refused: mend the statements.
    #[error("{0}")]
    Setup(String),
    /// The position in the sink belongs to another cluster or topic: a person must choose.
    #[error("{0}")]
    Foreign(String),
}
