//! The journal: one log of records for everything, and the only thing an answer waits for.
//!
//! A file is a header block, then groups. A group is what one sync makes durable: its records' frames one after another,
//! starting at a multiple of [`BLOCK`]; what is left of its last block is never written again, so that a sector torn by
//! a power cut never holds bytes that were durable before. Files are prepared ahead ([`prepare()`]), used once
//! ([`Writer`]), and after a checkpoint prepared again under a later sequence.
//!
//! A frame counts only where its file's sequence, its LSN and its checksum fit its place, so neither a recycled file's
//! old frames nor a client's payload that looks like a frame is ever taken for a record. An old file is never appended
//! to. What may not happen here: knowing what a record means.

mod files;
mod frame;
mod header;
mod name;
mod prepare;
mod reader;
mod replay;
mod writer;

pub use files::{Files, OldFile, ReadyFile};
pub use frame::{Frame, Framed, Seal};
pub use header::{FORMAT_VERSION, Header, HeaderError};
pub use name::{file_name, parse_name};
pub use prepare::{Pace, prepare, prepare_first};
pub use reader::Reader;
pub use replay::{ReplayEnd, ReplayError, ReplayStart, Replayed, replay};
pub use writer::{GroupWrite, Writer};

/// Groups start at multiples of this many bytes: a page, and no smaller than any disk's sector.
pub const BLOCK: u64 = 4096;

/// What makes one broker's journal its own: the id clients see, and a salt they do not, so that no payload can be made
/// to pass for a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The cluster id, as 16 bytes; clients see it as 22 characters of URL-safe base64.
    pub cluster_id: [u8; 16],
    /// Goes into every frame's checksum.
    pub salt: [u8; 16],
}
