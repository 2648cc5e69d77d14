//! Fields of a snapshot to bytes.

use super::{GroupSnapshot, MemberSnapshot, Phase, VERSION};

pub(super) fn snapshot(group: &GroupSnapshot, out: &mut Vec<u8>) {
    out.push(VERSION);
    string(&group.group, out);
    option(group.protocol_type.as_deref(), out);
    option(group.protocol.as_deref(), out);
    out.extend_from_slice(&group.generation.to_le_bytes());
    option(group.leader.as_deref(), out);
    out.push(match group.phase {
        Phase::Assigned => 0,
        Phase::AwaitingAssignment => 1,
        Phase::Rebalancing => 2,
    });
    out.extend_from_slice(&(group.members.len() as u32).to_le_bytes());
    for one in &group.members {
        member(one, out);
    }
}

fn member(member: &MemberSnapshot, out: &mut Vec<u8>) {
    string(&member.member_id, out);
    option(member.instance_id.as_deref(), out);
    string(&member.client_id, out);
    string(&member.client_host, out);
    out.extend_from_slice(&member.session_timeout_ms.to_le_bytes());
    out.extend_from_slice(&member.rebalance_timeout_ms.to_le_bytes());
    out.extend_from_slice(&(member.protocols.len() as u16).to_le_bytes());
    for protocol in &member.protocols {
        string(&protocol.name, out);
        blob(&protocol.metadata, out);
    }
    blob(&member.assignment, out);
}

fn string(text: &str, out: &mut Vec<u8>) {
    debug_assert!(text.len() <= usize::from(u16::MAX), "longer than a Kafka string can be");
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn option(text: Option<&str>, out: &mut Vec<u8>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        string(text, out);
    }
}

fn blob(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
