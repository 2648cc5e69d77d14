//! All that a pipeline's description says, with its defaults: plain data for the runtime.

use super::dedup::Dedup;
use super::filter::Filter;
use super::guarantee::Guarantee;
use super::retry::Retry;
use super::start::Start;
use crate::crash::CrashPlan;
use crate::dead_letter::dialect::Dialect;
pub use onefold_core::lane::Order;

pub use onefold_core::guarantee::Protocol;

/// A pipeline's description.
pub struct Plan {
    pub topic: String,
    pub group: String,
    pub(crate) name: Option<String>,
    pub(crate) filter: Option<Filter>,
    pub(crate) dedup: Option<Dedup>,
    pub(crate) retry: Retry,
    pub(crate) dead_letters: Option<String>,
    pub(crate) declared: Option<Guarantee>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) concurrency: usize,
    pub(crate) start: Start,
    pub(crate) order: Order,
    pub(crate) flood_guard: bool,
    pub(crate) dialects: Vec<Dialect>,
    pub(crate) crash: CrashPlan,
}

impl Plan {
    pub(crate) fn new(topic: &str) -> Plan {
        Plan {
            topic: topic.into(),
            group: topic.into(),
            name: None,
            filter: None,
            dedup: None,
            retry: Retry::default(),
            dead_letters: None,
            declared: None,
            protocol: None,
            concurrency: 64,
            start: Start::default(),
            order: Order::Key,
            flood_guard: true,
            dialects: Vec::new(),
            crash: CrashPlan::default(),
        }
    }

    /// What output calls the pipeline.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.group)
    }

    /// The topic that dead letters go to.
    pub fn dead_letter_topic(&self) -> String {
        self.dead_letters.clone().unwrap_or_else(|| usual_dead_letter_topic(&self.topic, &self.group))
    }
}

/// Where dead letters go that nothing else was said of.
pub(crate) fn usual_dead_letter_topic(topic: &str, group: &str) -> String {
    format!("{topic}.{group}.dead")
}
