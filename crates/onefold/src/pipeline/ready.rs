//! A pipeline whose types are forgotten.

use std::sync::Arc;

use super::plan::Plan;
use crate::boundary::sink::{Sink, SinkError, SinkSettings};
use crate::boundary::{Effect, Fix, SinkTraits};

/// A pipeline ready to run; what [`crate::pipeline::Pipeline`] ends in.
#[must_use = "a pipeline does nothing before it is handed to `onefold::run`"]
pub struct Ready {
    pub(crate) plan: Plan,
    pub(crate) work: Work,
}

/// What a pipeline does with a record.
pub(crate) enum Work {
    Effect(Arc<dyn Effect>),
    InTransaction { target: String, traits: SinkTraits, open: OpenSink },
}

/// Opens the database; called once, when the cluster is known.
pub(crate) type OpenSink = Box<dyn FnOnce(SinkSettings) -> Result<Arc<dyn Sink>, SinkError> + Send>;

impl Ready {
    /// What output calls the pipeline.
    pub fn name(&self) -> &str {
        self.plan.name()
    }

    /// The topic that it reads.
    pub fn topic(&self) -> &str {
        &self.plan.topic
    }

    /// Where its effects go, as explanations name it.
    pub fn target(&self) -> String {
        match &self.work {
            Work::Effect(effect) => effect.target(),
            Work::InTransaction { target, .. } => target.clone(),
        }
    }

    pub(crate) fn traits(&self) -> SinkTraits {
        match &self.work {
            Work::Effect(effect) => effect.traits(),
            Work::InTransaction { traits, .. } => traits.clone(),
        }
    }

    pub(crate) fn fixes(&self) -> Vec<Fix> {
        match &self.work {
            Work::Effect(effect) => effect.fixes(),
            Work::InTransaction { .. } => Vec::new(),
        }
    }

    /// Breaks off at a named point, as a killed process would. For tests.
    pub(crate) fn crash_at(mut self, plan: crate::crash::CrashPlan) -> Ready {
        self.plan.crash = plan;
        self
    }
}
