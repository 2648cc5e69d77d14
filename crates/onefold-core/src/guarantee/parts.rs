//! The parts that a guarantee is computed from.

use super::kept::Kept;
use super::protocol::Protocol;
use crate::lane::Order;

/// What the sink can do, as far as a guarantee depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// It takes no key, has no condition and lends no transaction: an HTTP endpoint, a command, any handler's effect.
    Opaque,
    /// The effect runs in a transaction of this database. `durable`: a commit survives power loss.
    Database { name: String, durable: bool },
    /// The effect takes place only where `version` is newer; deletions leave tombstones.
    Versioned { name: String, durable: bool, version: String, tombstones: Kept },
}

/// What an effect tells about its sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkTraits {
    /// The effect as a noun: `POST`, `command`, `handler`.
    pub action: String,
    /// Who takes it: `the endpoint`, `the command`, `the handler`.
    pub receiver: String,
    pub kind: SinkKind,
}

impl SinkTraits {
    /// A handler whose effect is somewhere that Onefold does not see.
    pub fn handler() -> SinkTraits {
        SinkTraits::opaque("handler", "the handler's sink")
    }

    pub fn opaque(action: &str, receiver: &str) -> SinkTraits {
        SinkTraits { action: action.to_owned(), receiver: receiver.to_owned(), kind: SinkKind::Opaque }
    }

    /// A handler or statement in a transaction of `name`.
    pub fn database(name: &str, durable: bool) -> SinkTraits {
        SinkTraits {
            action: "handler".to_owned(),
            receiver: name.to_owned(),
            kind: SinkKind::Database { name: name.to_owned(), durable },
        }
    }

    /// A state of which each change carries its version.
    pub fn versioned(name: &str, durable: bool, version: &str, tombstones: Kept) -> SinkTraits {
        let kind = SinkKind::Versioned { name: name.to_owned(), durable, version: version.to_owned(), tombstones };
        SinkTraits { action: "change".to_owned(), receiver: name.to_owned(), kind }
    }

    pub(super) fn is_durable(&self) -> bool {
        match self.kind {
            SinkKind::Opaque => true,
            SinkKind::Database { durable, .. } | SinkKind::Versioned { durable, .. } => durable,
        }
    }
}

/// Where ids of events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdStore {
    /// In the sink, in the effect's own transaction.
    Sink,
    /// In this process.
    Memory,
    /// In a database beside the sink. `durable`: a mark survives power loss.
    Beside { durable: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ids {
    pub store: IdStore,
    pub keep: Kept,
}

/// Everything that the guarantee of one pipeline depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub protocol: Protocol,
    pub sink: SinkTraits,
    pub ids: Option<Ids>,
    /// How long the topic keeps records, where it is known. A compacted topic keeps them for ever.
    pub retention: Option<Kept>,
    pub order: Order,
}

impl Parts {
    /// The retention as a remark in brackets.
    pub(super) fn retention_remark(&self) -> String {
        match self.retention {
            Some(Kept::Millis(ms)) => format!(" ({})", Kept::Millis(ms)),
            Some(Kept::ForEver) => " (for ever)".to_owned(),
            None => String::new(),
        }
    }

    /// The ids' window, if records can come again from beyond it. A topic of unknown retention might.
    pub(super) fn window_too_short(&self) -> Option<Kept> {
        let keep = self.ids?.keep;
        (keep < self.retention.unwrap_or(Kept::ForEver)).then_some(keep)
    }
}
