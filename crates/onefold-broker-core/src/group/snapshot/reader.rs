//! Bytes to the fields of a snapshot. Every count is compared with the bytes left before anything is allocated for it.

use bytes::{Buf, Bytes};

use super::{GroupSnapshot, MemberSnapshot, Phase, SnapshotError, VERSION};
use crate::group::Protocol;

/// A member cannot be shorter than its fixed fields, a protocol not than its two lengths: that bounds what a count claims.
const SHORTEST_MEMBER: usize = 2 + 1 + 2 + 2 + 4 + 4 + 2 + 4;
const SHORTEST_PROTOCOL: usize = 2 + 4;

pub(super) fn snapshot(mut bytes: &[u8]) -> Result<GroupSnapshot, SnapshotError> {
    let version = byte(&mut bytes, "the version")?;
    if version != VERSION {
        return Err(SnapshotError::Version(version));
    }
    let snapshot = GroupSnapshot {
        group: string(&mut bytes, "the group id")?,
        protocol_type: option(&mut bytes, "the protocol type")?,
        protocol: option(&mut bytes, "the protocol")?,
        generation: int(&mut bytes, "the generation")?,
        leader: option(&mut bytes, "the leader")?,
        phase: phase(&mut bytes)?,
        members: members(&mut bytes)?,
    };
    if bytes.has_remaining() {
        return Err(SnapshotError::Trailing(bytes.len()));
    }
    Ok(snapshot)
}

fn phase(bytes: &mut &[u8]) -> Result<Phase, SnapshotError> {
    match byte(bytes, "the phase")? {
        0 => Ok(Phase::Assigned),
        1 => Ok(Phase::AwaitingAssignment),
        2 => Ok(Phase::Rebalancing),
        _ => Err(SnapshotError::Value("the phase")),
    }
}

fn members(bytes: &mut &[u8]) -> Result<Vec<MemberSnapshot>, SnapshotError> {
    let field = "the members";
    need(bytes, 4, field)?;
    let count = bytes.get_u32_le() as usize;
    need(bytes, count.saturating_mul(SHORTEST_MEMBER), field)?;
    (0..count).map(|_| member(bytes)).collect()
}

fn member(bytes: &mut &[u8]) -> Result<MemberSnapshot, SnapshotError> {
    Ok(MemberSnapshot {
        member_id: string(bytes, "a member id")?,
        instance_id: option(bytes, "an instance id")?,
        client_id: string(bytes, "a client id")?,
        client_host: string(bytes, "a client host")?,
        session_timeout_ms: int(bytes, "a session timeout")?,
        rebalance_timeout_ms: int(bytes, "a rebalance timeout")?,
        protocols: protocols(bytes)?,
        assignment: blob(bytes, "an assignment")?,
    })
}

fn protocols(bytes: &mut &[u8]) -> Result<Vec<Protocol>, SnapshotError> {
    let field = "a member's protocols";
    need(bytes, 2, field)?;
    let count = usize::from(bytes.get_u16_le());
    need(bytes, count * SHORTEST_PROTOCOL, field)?;
    (0..count)
        .map(|_| Ok(Protocol { name: string(bytes, "a protocol name")?, metadata: blob(bytes, "a subscription")? }))
        .collect()
}

fn string(bytes: &mut &[u8], field: &'static str) -> Result<String, SnapshotError> {
    need(bytes, 2, field)?;
    let length = usize::from(bytes.get_u16_le());
    need(bytes, length, field)?;
    let text = std::str::from_utf8(&bytes[..length]).map(str::to_owned).map_err(|_| SnapshotError::NotUtf8(field));
    bytes.advance(length);
    text
}

fn option(bytes: &mut &[u8], field: &'static str) -> Result<Option<String>, SnapshotError> {
    if flag(bytes, field)? { string(bytes, field).map(Some) } else { Ok(None) }
}

fn blob(bytes: &mut &[u8], field: &'static str) -> Result<Bytes, SnapshotError> {
    need(bytes, 4, field)?;
    let length = bytes.get_u32_le() as usize;
    need(bytes, length, field)?;
    Ok(bytes.copy_to_bytes(length))
}

fn int(bytes: &mut &[u8], field: &'static str) -> Result<i32, SnapshotError> {
    need(bytes, 4, field)?;
    Ok(bytes.get_i32_le())
}

fn flag(bytes: &mut &[u8], field: &'static str) -> Result<bool, SnapshotError> {
    match byte(bytes, field)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(SnapshotError::Value(field)),
    }
}

fn byte(bytes: &mut &[u8], field: &'static str) -> Result<u8, SnapshotError> {
    need(bytes, 1, field)?;
    Ok(bytes.get_u8())
}

fn need(bytes: &[u8], count: usize, field: &'static str) -> Result<(), SnapshotError> {
    if bytes.len() < count { Err(SnapshotError::Truncated(field)) } else { Ok(()) }
}
