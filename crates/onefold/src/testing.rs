//! Tests of pipelines in process: no broker, no port, milliseconds.
//!
//! ```
//! # #[tokio::main] async fn main() -> onefold::Result<()> {
//! use onefold::prelude::*;
//!
//! let pipeline = Pipeline::from("payments").handle(async |Key(key): Key| assert_eq!(&key[..], b"user-1"));
//! let ended = onefold::testing::run(pipeline, [Record::new("payments", Some(b"user-1"), Some(b"{}"))]).await?;
//! assert_eq!(ended.counters.effects, 1);
//! # Ok(()) }
//! ```

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use crate::boundary::BoxFuture;
pub use crate::crash::CrashPlan;
pub use crate::log::memory::MemoryCluster;
use crate::pipeline::Ready;
use crate::record::Record;
use crate::runtime::counters::Counters;
use crate::runtime::observer::Observer;
use crate::runtime::run;
use crate::runtime::{RunError, table::Table};

/// What a tested pipeline did.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub counters: Counters,
    /// What is in its dead-letter topic.
    pub dead_letters: Vec<Record>,
    /// It broke off at its crash point.
    pub crashed: bool,
}

/// A test being described; awaiting it runs it.
#[must_use = "a test does nothing unless it is awaited"]
pub struct Test {
    cluster: MemoryCluster,
    pipeline: Ready,
    crash: CrashPlan,
    longest: Duration,
    until: Option<BoxFuture<'static, ()>>,
    observer: Observer,
}

/// Runs a pipeline over these records, drains it, and tells what it did. Effects in databases are real.
pub fn run(pipeline: Ready, records: impl IntoIterator<Item = Record>) -> Test {
    let cluster = MemoryCluster::new();
    cluster.create_topic(&pipeline.plan.topic, 3);
    for mut record in records {
        record.topic = pipeline.plan.topic.as_str().into();
        cluster.append(record);
    }
    run_on(&cluster, pipeline)
}

/// Runs a pipeline over what this cluster holds: again after a crash, or beside another.
pub fn run_on(cluster: &MemoryCluster, pipeline: Ready) -> Test {
    Test {
        cluster: cluster.clone(),
        pipeline,
        crash: CrashPlan::default(),
        longest: Duration::from_secs(30),
        until: None,
        observer: Observer::default(),
    }
}

impl Test {
    /// Breaks off at the nth pass of a point of [`crate::crash::POINTS`], as a killed process would.
    pub fn crash_at(mut self, point: &'static str, nth: u32) -> Test {
        self.crash = CrashPlan::at(point, nth);
        self
    }

    /// Fails when it takes longer than this. Default: 30 s.
    pub fn at_most(mut self, longest: Duration) -> Test {
        self.longest = longest;
        self
    }

    /// Is told to stop when this future ends, as by a signal, whatever of the drain is left.
    pub fn until(mut self, end: impl Future<Output = ()> + Send + 'static) -> Test {
        self.until = Some(Box::pin(end));
        self
    }

    /// Tells of the pipeline while it runs.
    pub fn observe(mut self, observer: Observer) -> Test {
        self.observer = observer;
        self
    }

    async fn go(self) -> Result<Tested, RunError> {
        let dead_topic = self.pipeline.plan.dead_letter_topic();
        let name = self.pipeline.name().to_owned();
        let pipeline = self.pipeline.crash_at(self.crash.clone());
        let mut running = run::on(&self.cluster, [pipeline]).drain(true).observe(self.observer);
        if let Some(until) = self.until {
            running = running.until(until);
        }
        let table: Table = tokio::time::timeout(self.longest, running.into_future()).await.map_err(|_| {
            RunError::Stopped { name, reason: format!("the test took longer than {:?}", self.longest) }
        })??;
        let counters = table.rows.first().map(|row| row.counters).unwrap_or_default();
        Ok(Tested { counters, dead_letters: self.cluster.records(&dead_topic), crashed: self.crash.has_struck() })
    }
}

impl IntoFuture for Test {
    type Output = Result<Tested, RunError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.go())
    }
}
