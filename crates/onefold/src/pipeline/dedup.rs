//! Event ids: where a record carries its own, how long they are remembered, and where.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::identity::EventId;
use crate::outcome::Failure;
use crate::record::Record;

/// Reads the id that its producer gave a record, if it gave one.
pub type IdOf = Arc<dyn Fn(&Record) -> Result<Option<EventId>, Failure> + Send + Sync>;

/// How repeats of an event are recognised.
#[derive(Clone)]
pub struct Dedup {
    pub(crate) id_of: IdOf,
    pub(crate) keep: Duration,
    pub(crate) missing: Missing,
    pub(crate) older: Older,
    pub(crate) store: DedupStore,
}

/// What becomes of a record without an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// It is known by its origin (cluster, topic, partition, offset): a repeat by its producer is another event.
    #[default]
    Origin,
    /// It goes to the dead letters.
    DeadLetter,
}

/// What becomes of a record that is older than ids are kept, by its timestamp: whether its event ran before cannot be told
/// any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Older {
    /// It runs: nothing is lost, it may be a repeat, and the log says so.
    #[default]
    Run,
    /// It goes to the dead letters: it is no repeat, and is not lost.
    DeadLetter,
}

/// Where ids are remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DedupStore {
    /// In the sink's own transaction where the pipeline has one, else in memory.
    #[default]
    Sink,
    /// In this process: forgotten at every restart.
    Memory,
    /// In a SQLite file of its own, marked after the effect.
    Sqlite(PathBuf),
}

/// By the CloudEvents attributes `source` and `id`: of the JSON value, or of the headers `ce_source` and `ce_id`.
/// Kept for 30 days, records without an id are known by their origin.
pub fn by_event_id() -> Dedup {
    Dedup::by(cloud_event_id)
}

/// So many days, for `.keep(..)`.
pub fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}

/// So many hours, for `.keep(..)`.
pub fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 60 * 60)
}

impl Dedup {
    /// By an id that this function reads. An error fails the record by its class.
    pub fn by(id_of: impl Fn(&Record) -> Result<Option<EventId>, Failure> + Send + Sync + 'static) -> Dedup {
        Dedup {
            id_of: Arc::new(id_of),
            keep: days(30),
            missing: Missing::Origin,
            older: Older::Run,
            store: DedupStore::Sink,
        }
    }

    /// How long an id is remembered after its effect.
    pub fn keep(mut self, keep: Duration) -> Dedup {
        self.keep = keep;
        self
    }

    /// What becomes of a record without an id.
    pub fn missing(mut self, missing: Missing) -> Dedup {
        self.missing = missing;
        self
    }

    /// What becomes of a record that is older than ids are kept.
    pub fn older(mut self, older: Older) -> Dedup {
        self.older = older;
        self
    }

    /// Where ids are remembered.
    pub fn store(mut self, store: DedupStore) -> Dedup {
        self.store = store;
        self
    }
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow, default)]
    source: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<std::borrow::Cow<'a, str>>,
}

fn cloud_event_id(record: &Record) -> Result<Option<EventId>, Failure> {
    if let Some(id) = record.header("ce_id") {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let source = record.header("ce_source").map(|source| text(source)).unwrap_or_default();
        return Ok(Some(EventId { source, id: text(id) }));
    }
    let attributes: Attributes<'_> = serde_json::from_slice(record.payload()).map_err(Failure::poison)?;
    let source = attributes.source.unwrap_or_default().into_owned();
    Ok(attributes.id.map(|id| EventId { source, id: id.into_owned() }))
}
