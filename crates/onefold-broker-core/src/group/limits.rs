//! What a client may make the broker keep: checked before anything is kept.

use bytes::Bytes;

use super::member::{Member, protocol_bytes};
use super::roster::Roster;
use super::step::Step;
use super::{GroupError, GroupSettings, JoinRequest};

/// The longest string of the Kafka protocol. Compact encodings could carry longer ones.
const LONGEST_STRING: usize = i16::MAX as usize;

/// More assignors than any client has.
const MOST_PROTOCOLS: usize = 100;

/// A group id that can be written. Only commits may leave it empty.
pub(super) fn check_length(group: &str) -> Result<(), GroupError> {
    if group.len() > LONGEST_STRING { Err(GroupError::InvalidGroupId) } else { Ok(()) }
}

/// What can be said of a join without looking at its group.
pub(super) fn check_join(request: &JoinRequest, settings: &GroupSettings) -> Result<(), GroupError> {
    if request.group.is_empty() {
        return Err(GroupError::InvalidGroupId);
    }
    check_length(&request.group)?;
    let session = settings.min_session_timeout_ms..=settings.max_session_timeout_ms;
    if !session.contains(&request.session_timeout_ms) {
        return Err(GroupError::InvalidSessionTimeout);
    }
    let names =
        [&request.member_id, &request.fresh_id, &request.client_id, &request.client_host, &request.protocol_type];
    let protocols = request.protocols.iter().map(|protocol| &protocol.name);
    let mut strings = names.into_iter().chain(&request.instance_id).chain(protocols);
    let too_long = strings.any(|string| string.len() > LONGEST_STRING);
    if too_long || request.protocols.len() > MOST_PROTOCOLS {
        return Err(GroupError::InvalidRequest);
    }
    Ok(())
}

/// Whether the member's subscriptions fit, in its group and in all groups together.
pub(super) fn check_room(roster: &Roster, request: &JoinRequest, cx: &Step) -> Result<(), GroupError> {
    let own = roster.get(&request.member_id).map_or(0, |member| protocol_bytes(&member.protocols));
    let wanted = size_of::<Member>() + protocol_bytes(&request.protocols);
    let grows = wanted.saturating_sub(own);
    if roster.bytes() + grows > cx.settings.max_group_bytes {
        return Err(GroupError::MetadataTooLarge);
    }
    if grows > cx.room { Err(GroupError::GroupMaxSizeReached) } else { Ok(()) }
}

/// Whether the assignments fit. Before them, members of this generation have none.
pub(super) fn check_assignments(roster: &Roster, given: &[(String, Bytes)], cx: &Step) -> Result<(), GroupError> {
    let bytes: usize = given.iter().map(|(_, assignment)| assignment.len()).sum();
    let fits = roster.bytes() + bytes <= cx.settings.max_group_bytes && bytes <= cx.room;
    if fits { Ok(()) } else { Err(GroupError::MetadataTooLarge) }
}
