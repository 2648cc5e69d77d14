//! One member of a classic group, as raw requests.

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{GroupId, JoinGroupRequest, SyncGroupRequest};
use kafka_protocol::protocol::StrBytes;

use super::raw::Raw;

/// A member of a stable generation.
pub struct Member {
    pub id: StrBytes,
    pub generation: i32,
}

impl Member {
    /// Joins a group without members, in two steps (KIP-394), and assigns itself everything.
    pub fn joined(raw: &mut Raw, group: &str) -> Member {
        let group = GroupId(StrBytes::from_string(group.to_owned()));
        let protocol = JoinGroupRequestProtocol::default().with_name(StrBytes::from_static_str("range"));
        let join = JoinGroupRequest::default()
            .with_group_id(group.clone())
            .with_session_timeout_ms(30_000)
            .with_rebalance_timeout_ms(30_000)
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![protocol]);
        let told = raw.call(4, &join);
        assert_eq!(told.error_code, 79, "MEMBER_ID_REQUIRED");
        let joined = raw.call(4, &join.with_member_id(told.member_id));
        assert_eq!(joined.error_code, 0);
        let member = Member { id: joined.member_id, generation: joined.generation_id };
        let own = SyncGroupRequestAssignment::default()
            .with_member_id(member.id.clone())
            .with_assignment(Bytes::from_static(b"all"));
        let sync = SyncGroupRequest::default()
            .with_group_id(group)
            .with_generation_id(member.generation)
            .with_member_id(member.id.clone())
            .with_assignments(vec![own]);
        assert_eq!(raw.call(3, &sync).error_code, 0);
        member
    }
}
