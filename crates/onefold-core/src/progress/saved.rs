//! Progress as commit metadata: `of1.TOPIC_ID.BASE.EPOCH.RUNS[.NOTE].CRC`, all ASCII.

use std::ops::Range;

use super::runs;
use crate::identity::TopicId;
use crate::suspects::{LONGEST_NOTE, Note};

const VERSION: &str = "of1";
/// Kafka's default limit is 4 KiB and brokers may allow more; what is far beyond any of them is not ours.
const LONGEST_READ: usize = 64 * 1024;

/// What an earlier owner finished above the committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The offset it was committed with.
    pub base: i64,
    /// The leader epoch of the last record that was done.
    pub leader_epoch: Option<i32>,
    /// Finished offsets at or above `base`, in order and apart from each other.
    pub runs: Vec<Range<i64>>,
    /// What it noted about ends of owners, where notes travel with commits.
    pub note: Option<Note>,
}

/// Why commit metadata does not count. None of these is an error: the records above the
/// offset simply run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Ignored {
    #[error("the commit carries no metadata")]
    Absent,
    #[error("the commit's metadata was not written by onefold")]
    Foreign,
    #[error("the commit's metadata is damaged")]
    Damaged,
    #[error("the commit's metadata belongs to another offset; it was copied or moved by a tool")]
    OtherOffset,
    /// The offset is the other topic's as well: nothing of this one is done by it.
    #[error("the commit's metadata belongs to another topic of this name")]
    OtherTopic,
    /// A cluster that tells no ids, or told none then: the offset counts.
    #[error("the commit's metadata belongs to a topic whose id was not known, or is not now")]
    UnknownTopic,
    #[error("the commit's metadata belongs to another leader epoch")]
    OtherEpoch,
}

impl Saved {
    /// Reads the metadata of a commit and takes it only if it belongs to this topic, this offset and this epoch.
    ///
    /// `committed_epoch` is the leader epoch that came with the committed offset, if the broker tells one.
    pub fn read(
        metadata: Option<&[u8]>,
        topic_id: TopicId,
        committed: i64,
        committed_epoch: Option<i32>,
    ) -> Result<Saved, Ignored> {
        let metadata = metadata.filter(|metadata| !metadata.is_empty()).ok_or(Ignored::Absent)?;
        let (of_topic, saved) = decode(metadata)?;
        if of_topic != topic_id && [of_topic, topic_id].contains(&TopicId::default()) {
            Err(Ignored::UnknownTopic)
        } else if of_topic != topic_id {
            Err(Ignored::OtherTopic)
        } else if saved.base != committed {
            Err(Ignored::OtherOffset)
        } else if committed_epoch.is_some() && committed_epoch != saved.leader_epoch {
            Err(Ignored::OtherEpoch)
        } else {
            Ok(saved)
        }
    }

    /// Whether Onefold wrote this metadata, whatever it belongs to.
    pub fn is_ours(metadata: Option<&[u8]>) -> bool {
        metadata.is_some_and(|metadata| decode(metadata).is_ok())
    }
}

/// Everything of the spelling that is not runs, at its longest: version, id, two numbers, note, checksum, six dots.
pub(super) const LONGEST_FRAME: usize = VERSION.len() + 22 + 20 + 11 + LONGEST_NOTE + 8 + 6;

pub(super) fn encode(
    topic_id: TopicId,
    base: i64,
    epoch: Option<i32>,
    runs: impl Iterator<Item = Range<i64>>,
    note: Option<Note>,
) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(128);
    out.push_str(VERSION);
    out.push('.');
    topic_id.spell(&mut out);
    // Writing to a String does not fail.
    let _ = write!(out, ".{base}.{}.", epoch.unwrap_or(-1));
    runs::push_runs(&mut out, base, runs);
    if let Some(note) = note {
        let _ = write!(out, ".{note}");
    }
    let sum = crc32c::crc32c(out.as_bytes());
    let _ = write!(out, ".{sum:08x}");
    out
}

fn decode(metadata: &[u8]) -> Result<(TopicId, Saved), Ignored> {
    if metadata.len() > LONGEST_READ {
        return Err(Ignored::Foreign);
    }
    let text = std::str::from_utf8(metadata).map_err(|_| Ignored::Foreign)?;
    let rest = text.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.')).ok_or(Ignored::Foreign)?;
    let (body, sum) = text.rsplit_once('.').ok_or(Ignored::Damaged)?;
    if sum != format!("{:08x}", crc32c::crc32c(body.as_bytes())) {
        return Err(Ignored::Damaged);
    }
    decode_fields(rest).ok_or(Ignored::Damaged)
}

fn decode_fields(fields: &str) -> Option<(TopicId, Saved)> {
    let mut fields = fields.split('.');
    let topic_id = TopicId::read(fields.next()?)?;
    let base: i64 = fields.next()?.parse().ok().filter(|base| *base >= 0)?;
    let epoch: i32 = fields.next()?.parse().ok()?;
    let runs = runs::read_runs(fields.next()?, base)?;
    let (note, more) = match (fields.next()?, fields.next()) {
        (note, Some(_)) => (Some(Note::read(note)?), fields.next()),
        (_, None) => (None, None),
    };
    if more.is_some() {
        return None;
    }
    Some((topic_id, Saved { base, leader_epoch: (epoch >= 0).then_some(epoch), runs, note }))
}
