//! Making a topic, for CreateTopics and for Metadata's auto-creation.

use onefold_broker_core::state::State;
use onefold_broker_core::topic::MAX_PARTITIONS;
use onefold_broker_core::{ErrorCode, Lsn, Record, TopicId};

use super::Fault;
use super::node::Node;
use super::refusal::Refusal;

/// Kafka's limit: it leaves room for the partition number in a folder's name.
const LONGEST_NAME: usize = 249;

/// A topic that is wanted, with everything decided but whether it may be.
#[derive(Debug, Clone)]
pub(super) struct NewTopic {
    pub(super) name: String,
    pub(super) partitions: i32,
    pub(super) configs: Vec<(String, String)>,
}

impl NewTopic {
    pub(super) fn with_defaults(name: &str, partitions: i32) -> NewTopic {
        NewTopic { name: name.to_owned(), partitions, configs: Vec::new() }
    }
}

/// Creates the topic, or says why not. Either answer rests on the LSN that is returned.
pub(super) fn create(node: &Node, topic: &NewTopic) -> Result<(Result<TopicId, Refusal>, Lsn), Fault> {
    let id = TopicId(uuid::Uuid::new_v4().into_bytes());
    let ((created, before), lsn) = node.log.sequence(|state, _| {
        let before = state.topics_changed();
        match check(node, state, topic) {
            Err(refusal) => ((Err(refusal), before), None),
            Ok(()) => {
                let NewTopic { name, partitions, configs } = topic.clone();
                ((Ok(id), before), Some(Record::TopicCreated { id, name, partitions, configs }))
            }
        }
    })?;
    Ok((created, lsn.max(before)))
}

/// Whether the topic could be created now.
pub(super) fn check(node: &Node, state: &State, topic: &NewTopic) -> Result<(), Refusal> {
    check_name(&topic.name)?;
    check_count(topic.partitions)?;
    if state.topic_by_name(&topic.name).is_some() {
        let text = format!("Topic '{}' already exists.", topic.name);
        return Err(Refusal::new(ErrorCode::TOPIC_ALREADY_EXISTS, text));
    }
    if let Some(other) = collision(state, &topic.name) {
        let text = format!(
            "Topic '{}' collides with existing topic '{other}': '.' and '_' are the same to metrics",
            topic.name
        );
        return Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, text));
    }
    check_total(node, state, topic.partitions)
}

/// Kafka's rules for names; they also keep a name from being a path.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let invalid = |why: &'static str| Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, why));
    match name {
        "" => invalid("a topic name must not be empty"),
        "." | ".." => invalid("a topic name must not be '.' or '..'"),
        name if name.len() > LONGEST_NAME => invalid("a topic name must not be longer than 249 characters"),
        name if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) => {
            invalid("a topic name may only have ASCII letters, digits, '.', '_' and '-'")
        }
        _ => Ok(()),
    }
}

pub(super) fn check_count(partitions: i32) -> Result<(), Refusal> {
    match partitions {
        ..=0 => Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, "the number of partitions must be larger than 0")),
        1..=MAX_PARTITIONS => Ok(()),
        _ => Err(Refusal::new(
            ErrorCode::INVALID_PARTITIONS,
            format!("a topic may have at most {MAX_PARTITIONS} partitions on this broker"),
        )),
    }
}

/// All topics together are bounded: each partition costs memory and a place in every checkpoint.
pub(super) fn check_total(node: &Node, state: &State, more: i32) -> Result<(), Refusal> {
    let now = state.partition_count();
    let limit = node.settings.limits.max_partitions;
    match now + usize::try_from(more).unwrap_or(0) > limit {
        true => Err(Refusal::new(ErrorCode::POLICY_VIOLATION, format!("this broker holds at most {limit} partitions"))),
        false => Ok(()),
    }
}

fn collision<'a>(state: &'a State, name: &str) -> Option<&'a str> {
    if !name.contains(['.', '_']) {
        return None;
    }
    state.topic_names().find(|other| is_alike(other, name))
}

/// Equal, where '.' and '_' are one character. Every creation compares with all topics there are, so nothing is allocated.
fn is_alike(one: &str, other: &str) -> bool {
    let character = |byte| if byte == b'.' { b'_' } else { byte };
    one.len() == other.len() && one.bytes().map(character).eq(other.bytes().map(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_dots_and_underscores_are_alike() {
        for (one, other, alike) in
            [("a.b", "a_b", true), ("a.b", "a.b", true), ("a.b", "a-b", false), ("a.b", "a_bc", false)]
        {
            assert_eq!(is_alike(one, other), alike, "{one} {other}");
        }
    }

    #[test]
    fn names_are_kafkas_and_never_paths() {
        for good in ["a", "payments.receipts.dead", "A-1_b", &"x".repeat(249)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "é", "a\0", &"x".repeat(250)] {
            assert_eq!(check_name(bad).map_err(|r| r.code), Err(ErrorCode::INVALID_TOPIC_EXCEPTION), "{bad}");
        }
    }
}
