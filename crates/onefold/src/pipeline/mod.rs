//! From a topic to a handler: the builder that users write, and what it adds up to.
//!
//! The builder's type says where the effect happens, so that a handler with a transaction, or a guarantee, that its
//! parts cannot give does not compile. [`Ready`] forgets the types: pipelines of all kinds run side by side.

pub mod dedup;
pub mod filter;
pub mod guarantee;
mod handle;
pub mod layer;
pub mod plan;
pub mod ready;
pub mod retry;
pub mod start;

use crate::record::Record;
use dedup::Dedup;
use filter::FilterVerdict;
use guarantee::{Gives, Guarantee, Marker};
use plan::{Plan, Protocol};
pub use ready::Ready;
use retry::Retry;
use start::Start;

/// The effect is somewhere Onefold does not see.
pub struct Anywhere;

/// The effect is in one transaction of `Db`, together with the position.
pub struct InTransaction<Db>(pub(crate) Db);

/// A pipeline being described. Ends with `.handle(..)`, `.effect(..)` or `.tx_effect(..)`.
#[must_use = "a pipeline does nothing before it is handed to `onefold::run`"]
pub struct Pipeline<B = Anywhere, S = ()> {
    pub(crate) plan: Plan,
    pub(crate) boundary: B,
    pub(crate) state: S,
    pub(crate) layers: layer::Layers,
}

impl Pipeline {
    /// Reads this topic. Its consumer group has the topic's name until `.group(..)` says another.
    pub fn from(topic: &str) -> Self {
        Pipeline { plan: Plan::new(topic), boundary: Anywhere, state: (), layers: layer::Layers::none() }
    }

    /// The effect goes through a transaction of this database, which also holds the position (`SinkOffsets`).
    pub fn in_transaction_of<Db>(self, db: Db) -> Pipeline<InTransaction<Db>> {
        Pipeline { plan: self.plan, boundary: InTransaction(db), state: (), layers: self.layers }
    }
}

impl<B> Pipeline<B, ()> {
    /// What `State<S>` arguments of the handler get a clone of.
    pub fn with_state<S>(self, state: S) -> Pipeline<B, S> {
        Pipeline { plan: self.plan, boundary: self.boundary, state, layers: self.layers }
    }
}

impl<B, S> Pipeline<B, S> {
    /// The consumer group; also the pipeline's name unless `.name(..)` says another.
    pub fn group(mut self, group: &str) -> Self {
        self.plan.group = group.into();
        self
    }

    /// What output calls the pipeline.
    pub fn name(mut self, name: &str) -> Self {
        self.plan.name = Some(name.into());
        self
    }

    /// Declares the guarantee; does not compile on a boundary that cannot give it.
    pub fn guarantee<G: Marker>(self, _: G) -> Self
    where
        B: Gives<G>,
    {
        self.declare(Some(G::GUARANTEE))
    }

    /// Declares the guarantee at run time, as files do: checked before the start.
    pub fn declare(mut self, guarantee: Option<Guarantee>) -> Self {
        self.plan.declared = guarantee;
        self
    }

    /// Which order of effect, mark and commit to use, where the parts leave a choice.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.plan.protocol = Some(protocol);
        self
    }

    /// Suppresses events whose id was seen before.
    pub fn dedup(mut self, dedup: impl Into<Option<Dedup>>) -> Self {
        self.plan.dedup = dedup.into();
        self
    }

    /// Which records are for this pipeline; the others are skipped and counted.
    pub fn filter(mut self, filter: impl Fn(&Record) -> FilterVerdict + Send + Sync + 'static) -> Self {
        self.plan.filter = Some(Box::new(filter));
        self
    }

    /// How failed attempts are repeated. Default: 5 attempts, full jitter from 100 ms to 30 s.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.plan.retry = retry;
        self
    }

    /// Where records go that cannot succeed. Default: `<topic>.<group>.dead`.
    pub fn dead_letters(mut self, topic: &str) -> Self {
        self.plan.dead_letters = Some(topic.into());
        self
    }

    /// How many records are worked on at once; the order within each key holds. Default: 64.
    pub fn concurrency(mut self, records: usize) -> Self {
        self.plan.concurrency = records.max(1);
        self
    }

    /// What keeps its order: each key (the default), each partition, or nothing.
    pub fn order(mut self, order: plan::Order) -> Self {
        self.plan.order = order;
        self
    }

    /// Whether the pipeline pauses when many keys die of the same cause, instead of sending the topic to the dead
    /// letters. Default: yes.
    pub fn flood_guard(mut self, on: bool) -> Self {
        self.plan.flood_guard = on;
        self
    }

    /// Header names of other systems that dead letters carry besides Onefold's own.
    pub fn dead_letter_dialects(mut self, dialects: &[crate::dead_letter::dialect::Dialect]) -> Self {
        self.plan.dialects = dialects.to_vec();
        self
    }

    /// Where a partition without a position begins. Default: at its earliest record.
    pub fn start(mut self, start: Start) -> Self {
        self.plan.start = start;
        self
    }
}
