//! The checkpoint's bytes: magic, version, checksum, then identity, journal position, segments, state.

use super::PartitionSegments;
use crate::journal::Identity;
use bytes::{Buf, BufMut, Bytes};
use onefold_broker_core::{Lsn, RecordError, State};

const MAGIC: &[u8; 8] = b"1FCKPT\r\n";
/// Raised whenever a checkpoint of the new format would be read wrongly by the old code.
pub const FORMAT_VERSION: u32 = 1;
/// Magic, version, length of the rest, its CRC32C.
const HEAD: usize = 8 + 4 + 8 + 4;
const FIXED: usize = 16 + 16 + 8 + 8 + 1 + 4;

/// Everything up to one journal record.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// Whose it is.
    pub identity: Identity,
    /// The last record it holds.
    pub lsn: Lsn,
    /// Journal files below this sequence are not needed.
    pub first_file: u64,
    /// Whether that file has begun; it has not after an orderly shutdown, since nothing follows.
    pub journal_follows: bool,
    /// What of the segments counts.
    pub partitions: Vec<PartitionSegments>,
    /// The state, as [`State::encode_snapshot`] gives it.
    pub snapshot: Bytes,
}

/// Why bytes are no checkpoint of this build.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Not what was written.
    #[error("its checksum does not fit")]
    Damaged,
    /// Another version's.
    #[error("it has format version {0}")]
    Version(u32),
    /// The state in it cannot be read.
    #[error(transparent)]
    State(#[from] RecordError),
}

impl Checkpoint {
    /// All of it as one buffer.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(FIXED + self.snapshot.len() + 64 * self.partitions.len());
        body.put_slice(&self.identity.cluster_id);
        body.put_slice(&self.identity.salt);
        body.put_u64_le(self.lsn.0);
        body.put_u64_le(self.first_file);
        body.put_u8(u8::from(self.journal_follows));
        body.put_u32_le(self.partitions.len() as u32);
        self.partitions.iter().for_each(|partition| partition.put(&mut body));
        body.put_slice(&self.snapshot);
        let mut out = Vec::with_capacity(HEAD + body.len());
        out.put_slice(MAGIC);
        out.put_u32_le(FORMAT_VERSION);
        out.put_u64_le(body.len() as u64);
        out.put_u32_le(crc32c::crc32c(&body));
        out.extend_from_slice(&body);
        out
    }

    /// Reads what [`Checkpoint::encode`] gave.
    pub fn decode(mut bytes: Bytes) -> Result<Checkpoint, CheckpointError> {
        if bytes.len() < HEAD || bytes[..8] != MAGIC[..] {
            return Err(CheckpointError::Damaged);
        }
        bytes.advance(8);
        let version = bytes.get_u32_le();
        if version != FORMAT_VERSION {
            return Err(CheckpointError::Version(version));
        }
        let (length, crc) = (bytes.get_u64_le(), bytes.get_u32_le());
        if bytes.len() as u64 != length || crc32c::crc32c(&bytes) != crc {
            return Err(CheckpointError::Damaged);
        }
        decode_body(bytes).ok_or(CheckpointError::Damaged)
    }

    /// The state in it.
    pub fn state(&self) -> Result<State, RecordError> {
        State::decode_snapshot(&self.snapshot)
    }
}

fn decode_body(mut body: Bytes) -> Option<Checkpoint> {
    if body.len() < FIXED {
        return None;
    }
    let mut identity = Identity { cluster_id: [0; 16], salt: [0; 16] };
    body.copy_to_slice(&mut identity.cluster_id);
    body.copy_to_slice(&mut identity.salt);
    let (lsn, first_file) = (Lsn(body.get_u64_le()), body.get_u64_le());
    let journal_follows = body.get_u8() != 0;
    let count = body.get_u32_le();
    let mut partitions = Vec::new();
    for _ in 0..count {
        partitions.push(PartitionSegments::take(&mut body)?);
    }
    Some(Checkpoint { identity, lsn, first_file, journal_follows, partitions, snapshot: body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Segment;
    use onefold_broker_core::{TopicId, TopicPartition};

    fn checkpoint() -> Checkpoint {
        let mut snapshot = Vec::new();
        State::new().encode_snapshot(&mut snapshot);
        let mut segment = Segment::new(5);
        (segment.end_offset, segment.bytes, segment.newest) = (9, 400, Some((-1, 7)));
        let at = TopicPartition::new(TopicId([3; 16]), 1);
        Checkpoint {
            identity: Identity { cluster_id: [1; 16], salt: [2; 16] },
            lsn: Lsn(77),
            first_file: 4,
            journal_follows: true,
            partitions: vec![PartitionSegments { at, segments: vec![segment] }],
            snapshot: snapshot.into(),
        }
    }

    #[test]
    fn a_checkpoint_is_read_back_as_it_was() {
        let read = Checkpoint::decode(checkpoint().encode().into()).expect("a checkpoint");
        assert_eq!(read.encode(), checkpoint().encode());
        assert_eq!(read.state().expect("a state"), State::new());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let whole = checkpoint().encode();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Checkpoint::decode(bytes.into()).is_err(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(Checkpoint::decode(whole[..length].to_vec().into()).is_err(), "cut to {length}");
        }
    }
}
