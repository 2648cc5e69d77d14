use super::{PATIENCE, assignment};
use onefold::log::kafka;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    pub partition: i32,
    pub leader: i32,
    pub earliest: i64,
    pub end: i64,
}

/// The partitions of a topic with their ends; none if there is no such topic.
pub fn partitions(client: &ClientConfig, topic: &str) -> KafkaResult<Vec<Ends>> {
    let consumer: BaseConsumer = client.create()?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else { return Ok(vec![]) };
    // Only this one says that there is no such topic; whoever took another for it would take what is there for nothing.
    match found.error().map(RDKafkaErrorCode::from) {
        Some(RDKafkaErrorCode::UnknownTopicOrPartition) => return Ok(vec![]),
        Some(why) => return Err(KafkaError::MetadataFetch(why)),
        None => {}
    }
    let mut ends = vec![];
    for partition in found.partitions() {
        let (earliest, end) = consumer.fetch_watermarks(topic, partition.id(), PATIENCE)?;
        ends.push(Ends { partition: partition.id(), leader: partition.leader(), earliest, end });
    }
    ends.sort_by_key(|ends| ends.partition);
    Ok(ends)
}

/// Where clusters keep what is theirs. Others may have names that begin so, too.
const OWN: [&str; 5] =
    ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata", "__remote_log_metadata"];

/// All topics and how many partitions each has, the cluster's own left out.
pub fn topics(client: &ClientConfig) -> KafkaResult<BTreeMap<String, usize>> {
    let consumer: BaseConsumer = client.create()?;
    let metadata = consumer.fetch_metadata(None, PATIENCE)?;
    let named = metadata.topics().iter().filter(|topic| !OWN.contains(&topic.name()));
    Ok(named.map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect())
}

/// [`topics`], as far as the cluster tells: none where it does not answer.
pub async fn there(client: &ClientConfig) -> BTreeMap<String, usize> {
    let client = client.clone();
    tokio::task::spawn_blocking(move || topics(&client)).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// A group's position in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub topic: String,
    pub partition: i32,
    /// `None`: none yet, though it has one in another partition of the topic.
    pub committed: Option<i64>,
    pub end: i64,
}

impl Position {
    /// `None` without a position, as the tools of Apache Kafka have it: where the group would begin is its members' own.
    pub fn lag(&self) -> Option<i64> {
        self.committed.map(|committed| (self.end - committed).max(0))
    }
}

/// Where a group stands, in every partition of the topics that it has a position in, and in those that its members hold.
/// Does not join it.
pub fn positions(client: &ClientConfig, group: &str, held: &BTreeSet<(String, i32)>) -> KafkaResult<Vec<Position>> {
    let consumer: BaseConsumer = client.clone().set("group.id", group).create()?;
    let mut asked = TopicPartitionList::new();
    for (topic, partitions) in topics(client)? {
        asked.add_partition_range(&topic, 0, partitions as i32 - 1);
    }
    if asked.count() == 0 {
        return Ok(vec![]);
    }
    let committed = consumer.committed_offsets(asked, PATIENCE)?;
    let mut offsets = vec![];
    for element in committed.elements() {
        element.error()?;
        let offset = if let Offset::Offset(offset) = element.offset() { Some(offset) } else { None };
        offsets.push((element.topic().to_owned(), element.partition(), offset));
    }
    let read: BTreeSet<String> =
        offsets.iter().filter(|(_, _, offset)| offset.is_some()).map(|(topic, ..)| topic.clone()).collect();
    let mut positions = vec![];
    for (topic, partition, committed) in offsets {
        let at = (topic, partition);
        if read.contains(&at.0) || held.contains(&at) {
            let (topic, partition) = at;
            let (_, end) = consumer.fetch_watermarks(&topic, partition, PATIENCE)?;
            positions.push(Position { topic, partition, committed, end });
        }
    }
    positions.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    Ok(positions)
}

/// A group as its coordinator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub state: String,
    pub protocol: String,
    pub members: Vec<Member>,
}

impl Group {
    /// The partitions that its members have now.
    pub fn held(&self) -> BTreeSet<(String, i32)> {
        self.members.iter().flat_map(|member| member.held.iter().cloned()).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub client: String,
    pub host: String,
    pub held: Vec<(String, i32)>,
}

/// All groups, or the one of this name.
pub fn groups(client: &ClientConfig, name: Option<&str>) -> Result<Vec<Group>, KafkaError> {
    groups_within(client, name, PATIENCE)
}

/// As [`groups`], asked for so long.
pub fn groups_within(client: &ClientConfig, name: Option<&str>, patience: Duration) -> Result<Vec<Group>, KafkaError> {
    let consumer: BaseConsumer = client.create()?;
    let member = |member: kafka::Member| Member {
        held: assignment::partitions(&member.assignment).unwrap_or_default(),
        id: member.id,
        client: member.client,
        host: member.host,
    };
    let group = |group: kafka::Group| Group {
        name: group.name,
        state: group.state,
        protocol: group.protocol,
        members: group.members.into_iter().map(member).collect(),
    };
    // Not the safe API's: that panics on a client's name that is no UTF-8, which any client may have.
    let all = kafka::admin::groups(consumer.client(), name, patience)?;
    let mut groups: Vec<Group> = all.into_iter().map(group).collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(groups)
}
