//! Why bytes are no record of this build.

/// The journal's checksum covers a record's bytes, so none of these is a torn write: either another version wrote the
/// file, or it was damaged in a way that the checksum missed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    #[error("{wanted} bytes should follow, {left} are left: the record is damaged, restore the folder from a copy")]
    Truncated { wanted: usize, left: usize },
    #[error("{left} bytes are left after the record's end: the record is damaged, restore the folder from a copy")]
    Trailing { left: usize },
    #[error("layout version {0} is not known: another onefold wrote this folder, open it with that one")]
    UnknownVersion(u8),
    #[error("record kind {0} is not known: a newer onefold wrote this folder, open it with that one")]
    UnknownKind(u8),
    #[error("a flag is {0}, not 0 or 1: the record is damaged, restore the folder from a copy")]
    BadFlag(u8),
    #[error("a text is not UTF-8: the record is damaged, restore the folder from a copy")]
    BadText,
    #[error("a record batch is not what its header says: the record is damaged, restore the folder from a copy")]
    BadBatch,
    #[error("{what} is {value}, which cannot be: the record is damaged, restore the folder from a copy")]
    Impossible { what: &'static str, value: i64 },
    #[error("a group cannot be read ({0}): the record is damaged, restore the folder from a copy")]
    BadGroup(String),
}
