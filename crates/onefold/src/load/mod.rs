//! `load = { file, key }`: the lines of a file become records of a topic, each exactly once, whatever is killed when.
//!
//! The topic itself says how far a load came. Every record carries the header `onefold-load`, the file's digest and the
//! line's number. A line's partition follows from its key, and an idempotent producer keeps the order of a partition
//! without gaps, so the last such record of a partition tells of every line of that partition whether it is there.
//! After a kill the ends of the partitions are read back ([`landed`]) and only lines beyond them are sent.
//!
//! A note beside the data ([`note`]) holds the digest (a changed file is refused), the cluster (another one is refused)
//! and where to begin reading back. It may be older than the topic, never newer.
//!
//! Lines that are not JSON, or lack the key, are loaded as well, without a key: what becomes of them is for pipelines
//! to say. Empty lines are none; a last line needs no line end.

mod delivery;
mod landed;
mod lines;
mod note;
mod partition;
mod send;

use crate::settings::LoadSettings;
use note::Note;
use rdkafka::ClientConfig;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use delivery::{Delivery, NotSent, Outgoing};
pub use partition::partition_of;

/// The header that every loaded record carries: `DIGEST:LINE`, lines counted from 1.
pub const HEADER: &str = "onefold-load";

/// How long a cluster may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long requests of a killed predecessor may still be on their way to a cluster that outlived it.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// What a load did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub lines: u64,
    /// Lines that an earlier run had put into the topic.
    pub found: u64,
    /// Lines without a readable key.
    pub keyless: u64,
}

/// Why a load does not go on. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read {}: {why}", path.display())]
    File { path: PathBuf, why: std::io::Error },
    #[error("cannot keep the note {}: {why}", path.display())]
    Note { path: PathBuf, why: std::io::Error },
    #[error("{} is being loaded by another process", path.display())]
    Busy { path: PathBuf },
    #[error(
        "{file} is not the file that was loaded into {topic}: it has changed since\n  \
         to fix         put the old file back, or load the new lines with `onefold produce {topic}`\n  \
         or             delete {note}, and the whole new file is loaded on top of what is there"
    )]
    Changed { file: String, topic: String, note: String },
    #[error(
        "{topic} was loaded on another cluster ({old}), this one is {new}\n  \
         to fix         go back to the old cluster, or start in a fresh folder\n  \
         or             delete {note}, and the file is loaded here as well"
    )]
    OtherCluster { topic: String, old: String, new: String, note: String },
    #[error(
        "{topic} is not the topic that was loaded: it ends before the loaded records do\n  \
         to fix         delete {note}, and the file is loaded again"
    )]
    OtherTopic { topic: String, note: String },
    #[error(
        "{0} changed while it was being loaded: lines of the old and the new file may be in the topic\n  \
         to fix         see that nobody writes into it, make the topic anew, and load it again"
    )]
    ChangedMeanwhile(String),
    #[error("there is no topic {0}")]
    NoTopic(String),
    #[error("line {line} of {file}: {why}")]
    Line { file: String, line: u64, why: String },
    #[error("Kafka: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    #[error("stopped before the end; the next run goes on")]
    Stopped,
}

/// Puts the file's lines into the topic, all that are not there yet. Blocks until the last one is acknowledged by all
/// replicas in sync. `progress` is called now and then with (lines there, lines in all).
///
/// `outlived` tells whether the cluster may have outlived a killed predecessor of this process.
///
/// # Errors
/// See [`LoadError`]; after each of them another call goes on where this one ended.
pub fn load(
    client: &ClientConfig,
    topic: &str,
    settings: &LoadSettings,
    outlived: bool,
    stop: &AtomicBool,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Loaded, LoadError> {
    let file = lines::Summary::of(&settings.file)?;
    let _lock = note::lock(&settings.progress)?;
    let cluster = landed::Cluster::of(client, topic)?;
    let (mut note, fresh) = match Note::read(&settings.progress)? {
        Some(note) => (note, false),
        None => (Note::new(&file.digest, topic, &cluster), true),
    };
    note.check(settings, &file.digest, &cluster)?;
    if note.done {
        return Ok(Loaded { lines: file.lines, found: file.lines, keyless: 0 });
    }
    if fresh {
        // Durable before the first record: a record that no note tells of would be loaded again.
        note.write(&settings.progress)?;
    } else {
        landed::catch_up(client, &mut note, outlived.then_some(STRAGGLERS))?;
    }
    let sent = send::send(client, settings, &file, note, stop, progress)?;
    if stop.load(Ordering::Relaxed) && !sent.complete {
        return Err(LoadError::Stopped);
    }
    Ok(sent.loaded)
}
