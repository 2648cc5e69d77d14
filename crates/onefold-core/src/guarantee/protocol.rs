//! In which order effect, mark and commit happen.

use super::kind::Guarantee;
use super::parts::{IdStore, Ids, SinkKind};

/// `CommitFirst`: so many records of a pipeline, at most, are committed or on their way to it, and not yet done: what a
/// crash of its process can lose. The runtime reads no further before some of them are.
pub const MOST_COMMITTED_AHEAD: usize = 1280;

/// The protocols of delivery that this build has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Commit, under an assignment that still holds after the answer; then the effect.
    CommitFirst,
    /// The effect, durable; then commit.
    EffectFirst,
    /// Look the id up, effect, mark the id, commit.
    MarkAfter,
    /// Id and effect in one transaction of the sink, then commit.
    Inbox,
    /// Position and effect (and the id, if there is one) in one transaction of the sink, fenced by an owner epoch.
    SinkOffsets,
    /// The effect takes place only where it is newer than what is there; then commit.
    Conditional,
}

impl Protocol {
    /// The strongest one for these parts, or the one that a declared at-most-once needs.
    pub fn choose(sink: &SinkKind, ids: Option<&Ids>, declared: Option<Guarantee>) -> Protocol {
        match sink {
            SinkKind::Database { .. } => Protocol::SinkOffsets,
            SinkKind::Versioned { .. } => Protocol::Conditional,
            SinkKind::Opaque => match ids {
                Some(ids) if ids.store != IdStore::Sink => Protocol::MarkAfter,
                _ if declared == Some(Guarantee::AtMostOnce) => Protocol::CommitFirst,
                _ => Protocol::EffectFirst,
            },
        }
    }

    /// Why these parts cannot run this protocol, where they cannot. A guarantee computed from parts that do not fit
    /// together would be made of words alone.
    pub fn misfit(self, sink: &SinkKind, ids: Option<&Ids>) -> Option<&'static str> {
        match (self, sink) {
            (Protocol::SinkOffsets | Protocol::Inbox | Protocol::Conditional, SinkKind::Opaque) => {
                Some("it needs a transaction of the sink, and this effect has none: say `.in_transaction_of(db)`")
            }
            (Protocol::Conditional, SinkKind::Database { .. }) => {
                Some("it needs an effect that is guarded by a version, and this one is not")
            }
            (Protocol::MarkAfter, SinkKind::Database { .. } | SinkKind::Versioned { .. }) => {
                Some("ids are written in the sink's own transaction, which is more: leave `.protocol(..)` out")
            }
            (Protocol::MarkAfter, SinkKind::Opaque) if ids.is_none() => {
                Some("it has no ids to mark: say where they are with `.dedup(..)`")
            }
            _ => None,
        }
    }

    /// Where reading resumes: the sink's own row, or the group's committed offset.
    pub fn position_is_in_sink(self) -> bool {
        self == Protocol::SinkOffsets
    }
}
