//! What a pipeline promises and why, in words, before it starts; and the refusal where more was declared.

use std::fmt;

use onefold_core::guarantee::{Explanation, Guarantee, IdStore, Ids, Kept, Line, Parts, Protocol, Refusal};

use crate::pipeline::Ready;
use crate::pipeline::dedup::{Dedup, DedupStore, Older};
use crate::pipeline::ready::Work;

/// One pipeline's guarantee in words, as `onefold run` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    pub name: String,
    pub topic: String,
    pub target: String,
    pub explanation: Explanation,
}

impl Ready {
    /// Computes the guarantee from the parts. `retention`: how long the topic keeps records, where it is known.
    pub fn explain(&self, retention: Option<Kept>) -> Explained {
        let mut explanation = self.parts(retention).explain();
        explanation.lines.extend(self.older().map(|text| Line { label: "older", text }));
        Explained { name: self.name().to_owned(), topic: self.plan.topic.clone(), target: self.target(), explanation }
    }

    /// Refuses a declared guarantee that the parts do not give.
    pub fn check(&self, retention: Option<Kept>) -> Result<(), Refusal> {
        let Some(declared) = self.plan.declared else { return Ok(()) };
        self.parts(retention).explain().check(&format!("pipelines.{}", self.name()), declared, &self.fixes())
    }

    /// What does not fit together, in the words of the one who wrote it.
    pub(crate) fn misfit(&self) -> Option<String> {
        let (protocol, name) = (self.protocol(), self.name());
        let beside = self.plan.dedup.as_ref().filter(|dedup| dedup.store != DedupStore::Sink);
        if beside.is_some() && matches!(self.work, Work::InTransaction { .. }) {
            return Some(format!(
                "pipelines.{name}: ids are kept in the transaction that `.in_transaction_of(db)` gives; leave \
                 `.store(..)` out"
            ));
        }
        let why = protocol.misfit(&self.traits().kind, self.ids().as_ref())?;
        Some(format!("pipelines.{name} cannot run {protocol:?}: {why}"))
    }

    /// The order of effect, mark and commit that this pipeline uses.
    pub fn protocol(&self) -> Protocol {
        let ids = self.ids();
        // Ids kept in the process do not outlive it: a pipeline that must not repeat commits first all the same.
        let declared = self.plan.declared;
        let at_most_once = declared == Some(Guarantee::AtMostOnce) && matches!(self.work, Work::Effect(_));
        match self.plan.protocol {
            Some(protocol) => protocol,
            None if at_most_once => Protocol::CommitFirst,
            None => Protocol::choose(&self.traits().kind, ids.as_ref(), declared),
        }
    }

    /// What becomes of a record whose event may have run before ids are remembered.
    fn older(&self) -> Option<String> {
        let dedup = self.plan.dedup.as_ref().filter(|_| self.protocol() != Protocol::CommitFirst)?;
        let keep = Kept::Millis(u64::try_from(dedup.keep.as_millis()).unwrap_or(u64::MAX));
        Some(match dedup.older {
            Older::Run => format!("a record with an id and a timestamp more than {keep} old runs, and the log says so"),
            Older::DeadLetter => format!("a record with an id and a timestamp more than {keep} old is dead-lettered"),
        })
    }

    fn parts(&self, retention: Option<Kept>) -> Parts {
        let protocol = self.protocol();
        Parts { protocol, sink: self.traits(), ids: self.ids(), retention, order: self.plan.order }
    }

    fn ids(&self) -> Option<Ids> {
        let dedup: &Dedup = self.plan.dedup.as_ref()?;
        let in_transaction = matches!(self.work, Work::InTransaction { .. });
        let store = match dedup.store {
            DedupStore::Sink if in_transaction => IdStore::Sink,
            DedupStore::Sink | DedupStore::Memory => IdStore::Memory,
            DedupStore::Sqlite(_) => IdStore::Beside { durable: true },
        };
        let keep_ms = u64::try_from(dedup.keep.as_millis()).unwrap_or(u64::MAX);
        Some(Ids { store, keep: Kept::Millis(keep_ms) })
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<9} {} -> {}", self.name, self.topic, self.target)?;
        for line in &self.explanation.lines {
            writeln!(f, "  {:<20} {}", line.label, line.text)?;
        }
        Ok(())
    }
}
