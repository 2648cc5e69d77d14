//! The durable part of one group and its bytes.
//!
//! What is not here does not survive a crash, on purpose: who is waiting, who has joined the next generation, ids given
//! out but not used, and every clock (G4: clocks start again after a recovery).
//!
//! Layout, little endian, all lengths before what they count:
//! `version u8 | group str | protocol_type opt | protocol opt | generation i32 | leader opt | phase u8 | members u32 ×
//! (member_id str | instance_id opt | client_id str | client_host str | session_ms i32 | rebalance_ms i32 |
//! protocols u16 × (name str | metadata blob) | assignment blob)`,
//! where `str` is u16 + UTF-8, `opt` is a u8 flag + str, `blob` is u32 + bytes.

use bytes::Bytes;
use thiserror::Error;

use super::event::Protocol;

mod reader;
mod writer;

/// The only layout so far. A new one gets the next number; old ones stay readable.
const VERSION: u8 = 1;

/// The whole durable part of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSnapshot {
    pub group: String,
    /// `consumer`, `connect`, ...; none for a group that only stores offsets.
    pub protocol_type: Option<String>,
    /// The assignor of this generation; none when the group is empty.
    pub protocol: Option<String>,
    pub generation: i32,
    pub leader: Option<String>,
    pub phase: Phase,
    /// By member id, ascending.
    pub members: Vec<MemberSnapshot>,
}

/// How far the generation has come. A group without members is empty in any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The leader has given out the assignment.
    Assigned,
    /// Members have the generation and wait for the leader's assignment.
    AwaitingAssignment,
    /// The generation is ending: every member must join again, and some may have done so with another subscription.
    Rebalancing,
}

/// The durable part of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSnapshot {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    pub protocols: Vec<Protocol>,
    pub assignment: Bytes,
}

/// Why bytes are no snapshot. They came from a journal record or a checkpoint whose checksum held, so each of these means
/// that a newer version wrote the file or that this code is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnapshotError {
    #[error("group snapshot version {0} is newer than this program: use the version that wrote the data folder")]
    Version(u8),
    #[error("group snapshot ends in the middle of {0}: report a bug")]
    Truncated(&'static str),
    #[error("group snapshot holds no UTF-8 in {0}: report a bug")]
    NotUtf8(&'static str),
    #[error("group snapshot holds an unknown value in {0}: report a bug")]
    Value(&'static str),
    #[error("group snapshot is followed by {0} bytes that belong to nothing: report a bug")]
    Trailing(usize),
}

impl GroupSnapshot {
    /// A group without members that exists only because it stores offsets.
    pub fn offsets_only(group: impl Into<String>) -> GroupSnapshot {
        GroupSnapshot {
            group: group.into(),
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            phase: Phase::Assigned,
            members: Vec::new(),
        }
    }

    /// Appends the bytes to `out`. Strings longer than a Kafka string (32767 bytes) never get this far: requests that
    /// carry one do not decode.
    pub fn encode(&self, out: &mut Vec<u8>) {
        writer::snapshot(self, out);
    }

    /// Reads one snapshot that fills `bytes` to the end. Everything is copied, so that a group that lives for months does
    /// not hold on to the journal buffer it came from; no length is trusted before it is compared with what is left.
    pub fn decode(bytes: &[u8]) -> Result<GroupSnapshot, SnapshotError> {
        reader::snapshot(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> GroupSnapshot {
        let protocol = |name: &str| Protocol { name: name.into(), metadata: Bytes::from_static(b"\0\x01topics") };
        GroupSnapshot {
            group: "payments".into(),
            protocol_type: Some("consumer".into()),
            protocol: Some("range".into()),
            generation: 7,
            leader: Some("a-1".into()),
            phase: Phase::Rebalancing,
            members: vec![MemberSnapshot {
                member_id: "a-1".into(),
                instance_id: Some("a".into()),
                client_id: "client".into(),
                client_host: "/127.0.0.1".into(),
                session_timeout_ms: 45_000,
                rebalance_timeout_ms: 300_000,
                protocols: vec![protocol("range"), protocol("sticky")],
                assignment: Bytes::from_static(b"assigned"),
            }],
        }
    }

    fn encoded(snapshot: &GroupSnapshot) -> Vec<u8> {
        let mut out = Vec::new();
        snapshot.encode(&mut out);
        out
    }

    #[test]
    fn what_is_written_is_read_back() {
        for snapshot in [sample(), GroupSnapshot::offsets_only("simple")] {
            assert_eq!(GroupSnapshot::decode(&encoded(&snapshot)), Ok(snapshot));
        }
    }

    #[test]
    fn every_cut_is_an_error_and_never_a_panic() {
        let whole = encoded(&sample());
        for length in 0..whole.len() {
            assert!(GroupSnapshot::decode(&whole[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_count_that_claims_more_than_is_there_allocates_nothing() {
        let mut bytes = encoded(&GroupSnapshot::offsets_only("simple"));
        let count_at = bytes.len() - 4;
        bytes[count_at..].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(GroupSnapshot::decode(&bytes), Err(SnapshotError::Truncated("the members")));
    }

    #[test]
    fn foreign_bytes_are_named() {
        let mut newer = encoded(&sample());
        newer[0] = 9;
        assert_eq!(GroupSnapshot::decode(&newer), Err(SnapshotError::Version(9)));
        let mut longer = encoded(&sample());
        longer.push(0);
        assert_eq!(GroupSnapshot::decode(&longer), Err(SnapshotError::Trailing(1)));
    }
}
