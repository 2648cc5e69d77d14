//! The log that a pipeline reads: one trait, two shells.
//!
//! [`kafka`] speaks to Kafka (Apache's or the embedded broker) through librdkafka; [`memory`] is a small cluster inside
//! the process, for tests of pipelines. One suite (`tests/log_suite.rs`) holds both to the same behaviour. A shell moves
//! bytes and reports events; which position counts, what is paused and when a partition is given up is decided by the runtime.

pub mod kafka;
pub mod memory;

use std::sync::Arc;
use std::time::Duration;

use crate::boundary::BoxFuture;
use crate::record::{Record, TopicId};

/// One member of one group, reading one topic. Lives on one thread.
pub trait Log: Send {
    /// Called, from any thread, whenever there may be something to poll.
    fn set_waker(&mut self, wake: Arc<dyn Fn() + Send + Sync>);

    /// Pushes records that have arrived, at most so many, and returns an event if there is one. Never blocks.
    /// Events come in order with each other; records of a partition in offset order.
    fn poll(&mut self, records: &mut Vec<Record>, at_most: usize) -> Result<Option<LogEvent>, LogError>;

    /// What the group committed for these partitions. Blocks, at most as long as `wait`.
    fn committed(&mut self, partitions: &[i32], wait: Duration) -> Result<Vec<CommittedAt>, LogError>;

    /// The earliest offset and the one after the newest. Blocks, at most as long as `wait`.
    fn bounds(&mut self, partition: i32, wait: Duration) -> Result<Bounds, LogError>;

    /// The first offset with a timestamp no lower than this; the end where there is none. Blocks as `bounds` does.
    fn offset_for_time(&mut self, partition: i32, timestamp_ms: i64, wait: Duration) -> Result<i64, LogError>;

    /// All partitions of the topic. Blocks, at most as long as `wait`.
    fn partitions(&mut self, wait: Duration) -> Result<Vec<i32>, LogError>;

    /// Asks for the topic's id, and does not wait. A question that was asked before is given up: its answer would tell of
    /// another time.
    fn ask_topic_id(&mut self);

    /// The answer to [`Log::ask_topic_id`], once, and however late it comes; `None` while there is none.
    /// [`TopicId::UNKNOWN`]: this cluster gives topics no ids. Blocks, at most as long as `wait`.
    fn told_topic_id(&mut self, wait: Duration) -> Result<Option<TopicId>, LogError>;

    /// Asks, and waits for the answer. Blocks, at most as long as `wait`; what is not told by then is an error, and never
    /// taken for what was known before.
    fn topic_id(&mut self, wait: Duration) -> Result<TopicId, LogError> {
        self.ask_topic_id();
        let late = || LogError::Unreachable(format!("the topic's id was not told within {} ms", wait.as_millis()));
        self.told_topic_id(wait)?.ok_or_else(late)
    }

    /// Who is in the group, and has what of the topic. Blocks, at most as long as `wait`.
    fn holders(&mut self, wait: Duration) -> Result<Vec<Holder>, LogError>;

    /// Whether the group is sharing its partitions anew. Until that is over a member that takes part may get no answer to a
    /// commit: Kafka answers what one connection asks in order, and a join waits for all members. Blocks, at most as long
    /// as `wait`.
    fn is_sharing(&mut self, wait: Duration) -> Result<bool, LogError>;

    /// Answers [`LogEvent::Assigned`]: read each partition from this offset.
    fn start(&mut self, at: &[(i32, i64)]) -> Result<(), LogError>;

    /// Answers [`LogEvent::Revoked`]: these partitions may go to others now. Of what was not asked for: nothing of it is
    /// read any more.
    fn release(&mut self, partitions: &[i32]) -> Result<(), LogError>;

    /// Sends a commit; its answer comes as [`LogEvent::Committed`]. One at a time.
    fn commit(&mut self, commits: &[CommitAt]) -> Result<(), LogError>;

    /// Delivers nothing of this partition until [`Log::resume`].
    fn pause(&mut self, partition: i32) -> Result<(), LogError>;

    /// Delivers again, from the record after the last one delivered.
    fn resume(&mut self, partition: i32) -> Result<(), LogError>;

    /// Leaves the group: the partitions still held come back as [`LogEvent::Revoked`].
    fn leave(&mut self);
}

/// What happens to a member besides records.
#[derive(Clone, Debug, PartialEq)]
pub enum LogEvent {
    /// These partitions are this member's now; nothing comes of them before [`Log::start`].
    Assigned(Vec<i32>),
    /// These partitions are to be given up: finish, commit, then [`Log::release`].
    Revoked(Vec<i32>),
    /// These partitions went to others already: whatever is in flight may be run by them too.
    Lost(Vec<i32>),
    /// Every record below this offset has been delivered, and there is none at it yet.
    End { partition: i32, offset: i64 },
    /// The answer to the oldest unanswered commit.
    Committed(Result<(), CommitError>),
    /// Reading this partition cannot go on: its position is out of range, or the log was cut below it.
    OutOfRange { partition: i32, reason: String },
    /// The cluster cannot be reached for now; it is tried again.
    Unreachable(String),
    /// The group does not take this member, for this reason; it is tried again.
    Refused(String),
    /// It takes it after all.
    Admitted,
}

/// A member of the group, as its coordinator knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The id that the coordinator gave it.
    pub member: String,
    /// What it calls itself (`client.id`).
    pub client: String,
    pub host: String,
    /// What it has of the topic, as far as that is told.
    pub partitions: Vec<i32>,
}

/// The two ends of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub earliest: i64,
    /// The offset that the next record gets.
    pub end: i64,
}

/// A position to commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitAt {
    pub partition: i32,
    pub offset: i64,
    pub leader_epoch: Option<i32>,
    pub metadata: String,
}

/// A committed position. Metadata is bytes: other programs write it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedAt {
    pub partition: i32,
    pub offset: Option<i64>,
    pub leader_epoch: Option<i32>,
    pub metadata: Option<Vec<u8>>,
}

/// Why a commit was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CommitError {
    /// The group has moved on: what was committed belongs to others now.
    #[error("the group has moved on: {0}")]
    Fenced(String),
    /// It did not count. Try again.
    #[error("{0}")]
    Retry(String),
    /// Nobody tells whether it counts, as where the connection went before the answer came. Try again.
    #[error("{0}")]
    Unknown(String),
}

/// Why a log cannot serve.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// Try again later.
    #[error("{0}")]
    Unreachable(String),
    /// There is no such topic.
    #[error("there is no topic {0}: create it (`onefold topics create {0}`) or name it in [topics] of onefold.toml")]
    NoTopic(String),
    /// Nothing that waiting could mend.
    #[error("{0}")]
    Fatal(String),
}

/// Where records are produced to.
pub trait Publish: Send + Sync + 'static {
    /// Produces one record, partitioned by its key; done when every replica in sync has it (acks=all).
    fn publish(&self, record: Record) -> BoxFuture<'static, Result<(), LogError>>;

    /// Sees that the topic is there; makes it with so many partitions where it is missing.
    fn ensure_topic(&self, topic: String, partitions: i32) -> BoxFuture<'static, Result<(), LogError>>;
}
