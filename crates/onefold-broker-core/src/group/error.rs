//! What a group may answer instead of what was asked, with the Kafka error code that says it on the wire.

use thiserror::Error;

/// Why a group request was refused. The kinds name what the client does about it: join again with the same id
/// (`RebalanceInProgress`), with a new one (`UnknownMemberId`), with the one it was just given (`MemberIdRequired`), or
/// give up (the rest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum GroupError {
    #[error(
        "the message is larger than the group may hold: use a smaller subscription or assignment, or raise the limit"
    )]
    MetadataTooLarge,
    #[error("the generation is not the current one: join the group again")]
    IllegalGeneration,
    #[error("no protocol is supported by all members: give every member one assignor in common")]
    InconsistentGroupProtocol,
    #[error("the group id is empty or longer than a Kafka string: give the group a name")]
    InvalidGroupId,
    #[error("the group does not know this member: join again with an empty member id")]
    UnknownMemberId,
    #[error("the session timeout is outside the broker's bounds: change session.timeout.ms")]
    InvalidSessionTimeout,
    #[error("the group is rebalancing: join again")]
    RebalanceInProgress,
    #[error("the request contradicts itself: correct the call")]
    InvalidRequest,
    #[error("the group has members: stop them first")]
    NonEmptyGroup,
    #[error("no group has this id")]
    GroupIdNotFound,
    #[error("a member id is required: join again with the one in this answer")]
    MemberIdRequired,
    #[error("no more members or groups fit: stop some, delete unused groups, or raise the limit")]
    GroupMaxSizeReached,
    #[error("another member took over this group.instance.id: this one must stop")]
    FencedInstanceId,
    #[error("the group is subscribed to the topic: stop its members first")]
    GroupSubscribedToTopic,
}

impl GroupError {
    /// The error code of the Kafka protocol.
    pub fn code(self) -> i16 {
        match self {
            GroupError::MetadataTooLarge => 10,
            GroupError::IllegalGeneration => 22,
            GroupError::InconsistentGroupProtocol => 23,
            GroupError::InvalidGroupId => 24,
            GroupError::UnknownMemberId => 25,
            GroupError::InvalidSessionTimeout => 26,
            GroupError::RebalanceInProgress => 27,
            GroupError::InvalidRequest => 42,
            GroupError::NonEmptyGroup => 68,
            GroupError::GroupIdNotFound => 69,
            GroupError::MemberIdRequired => 79,
            GroupError::GroupMaxSizeReached => 81,
            GroupError::FencedInstanceId => 82,
            GroupError::GroupSubscribedToTopic => 86,
        }
    }
}
