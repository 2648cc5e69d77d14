//! The walk over what DeleteRecords and ListOffsets name: topics, and partitions in them, each of which counts once.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::TopicName;

/// What a request asks of the partitions of one topic.
pub(super) struct Asked<P> {
    pub(super) topic: TopicName,
    pub(super) partitions: Vec<P>,
}

/// Whether a partition is named for the first time in its request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    First,
    Again,
}

/// Asks `one` about each partition in the request's order; what it has no answer for is left out. The first error ends
/// the walk.
pub(super) fn each_partition<P, A, E>(
    asked: impl IntoIterator<Item = Asked<P>>,
    index: impl Fn(&P) -> i32,
    mut one: impl FnMut(&TopicName, &P, Named) -> Result<Option<A>, E>,
) -> Result<Vec<(TopicName, Vec<A>)>, E> {
    // A name is compared once for its topic, not for each of its partitions: both can be many bytes.
    let mut seen: BTreeMap<TopicName, BTreeSet<i32>> = BTreeMap::new();
    let mut answered = Vec::new();
    for Asked { topic, partitions } in asked {
        let mut answers = Vec::with_capacity(partitions.len());
        let seen = seen.entry(topic.clone()).or_default();
        for partition in &partitions {
            let named = match seen.insert(index(partition)) {
                true => Named::First,
                false => Named::Again,
            };
            answers.extend(one(&topic, partition, named)?);
        }
        answered.push((topic, answers));
    }
    Ok(answered)
}
