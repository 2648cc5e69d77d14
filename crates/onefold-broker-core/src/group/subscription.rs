//! The one thing a broker ever reads of a subscription: which topics a consumer group consumes, so that an administrator
//! does not delete the offsets of a topic in use (KIP-496).

use bytes::Buf;

use super::GroupError;
use super::coordinator::Coordinator;
use super::group::Group;

/// The protocol type of consumers; the only one whose subscriptions have a known form.
const CONSUMER: &str = "consumer";

impl Coordinator {
    /// Whether OffsetDelete may remove the group's offsets of this topic.
    ///
    /// # Errors
    /// `GroupIdNotFound`; `NonEmptyGroup` for a group with members that are no consumers; `GroupSubscribedToTopic`.
    pub fn check_offset_delete(&self, group: &str, topic: &str) -> Result<(), GroupError> {
        let group = self.of_offsets(group)?;
        if !group.is_empty() && group.subscribes(topic) { Err(GroupError::GroupSubscribedToTopic) } else { Ok(()) }
    }

    /// Whether a group may lose offsets at all, whichever.
    ///
    /// # Errors
    /// `GroupIdNotFound`; `NonEmptyGroup` where its members are not consumers, so that nobody knows what they read.
    pub fn check_group_of_offsets(&self, group: &str) -> Result<(), GroupError> {
        self.of_offsets(group).map(|_| ())
    }

    fn of_offsets(&self, group: &str) -> Result<&Group, GroupError> {
        let group = &self.groups.get(group).ok_or(GroupError::GroupIdNotFound)?.group;
        match group.is_empty() || group.protocol_type.as_deref() == Some(CONSUMER) {
            true => Ok(group),
            false => Err(GroupError::NonEmptyGroup),
        }
    }
}

impl Group {
    /// A subscription that cannot be read may be one to anything.
    fn subscribes(&self, topic: &str) -> bool {
        self.roster.iter().any(|member| {
            let metadata = member.metadata(self.protocol.as_deref());
            topics(&metadata).is_none_or(|topics| topics.contains(&topic.as_bytes()))
        })
    }
}

/// `version i16 | topics i32 × (length i16 | name)`, the part all versions of a consumer's subscription begin with.
fn topics(mut metadata: &[u8]) -> Option<Vec<&[u8]>> {
    metadata.try_get_i16().ok()?;
    let count = usize::try_from(metadata.try_get_i32().ok()?).ok()?;
    if count > metadata.len() / 2 {
        return None;
    }
    let mut topics = Vec::with_capacity(count);
    for _ in 0..count {
        let length = usize::try_from(metadata.try_get_i16().ok()?).ok()?;
        let (name, rest) = metadata.split_at_checked(length)?;
        topics.push(name);
        metadata = rest;
    }
    Some(topics)
}

#[cfg(test)]
mod tests {
    use super::topics;

    #[test]
    fn topics_are_read_from_the_common_prefix() {
        let subscription = b"\x00\x03\x00\x00\x00\x02\x00\x01a\x00\x02bcwhatever follows";
        assert_eq!(topics(subscription), Some(vec![&b"a"[..], &b"bc"[..]]));
        assert_eq!(topics(b"\x00\x00\x00\x00\x00\x00"), Some(vec![]));
    }

    #[test]
    fn what_is_no_subscription_is_none_and_allocates_nothing() {
        for bytes in
            [&b""[..], b"\x00\x00\x7f\xff\xff\xff", b"\x00\x00\xff\xff\xff\xff", b"\x00\x00\x00\x00\x00\x01\x00\x05a"]
        {
            assert_eq!(topics(bytes), None);
        }
    }
}
