//! One member of a group, on the thread that polls it.

mod serving;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::config::KafkaSettings;
use super::context::{Events, away};
use super::members;
use super::positions::Positions;
use super::raw::{self, AskedTopicId, MessageQueue};
use crate::log::{Bounds, CommitAt, CommittedAt, Holder, Log, LogError, LogEvent};
use crate::record::{Record, TopicId};

/// A consumer of one topic. Messages come through a queue of their own, so that not reading them holds up neither
/// rebalances nor commits.
pub struct KafkaLog {
    // Dropped before the consumer that it belongs to.
    messages: MessageQueue,
    /// The question for the topic's id that is under way; it, too, goes before the consumer.
    asked_id: Option<AskedTopicId>,
    /// Shared with messages whose headers are not read yet.
    consumer: Arc<BaseConsumer<Events>>,
    group: String,
    topic: Arc<str>,
    topic_id: TopicId,
    reading: Positions,
    /// What of it is paused: librdkafka would keep it so over the next assignment.
    paused: BTreeSet<i32>,
    /// To be given up; librdkafka waits for the answer, also when the consumer is closed.
    asked_for: BTreeSet<i32>,
    /// Held as long as the consumer is: who has it may use the group's one static name.
    place: Option<Place>,
}

/// The right to a name that only one member at a time may have.
pub(crate) type Place = Arc<dyn std::any::Any + Send + Sync>;

/// The states of a group (Kafka's names) in which it waits for its members.
const SHARING: [&str; 2] = ["PreparingRebalance", "CompletingRebalance"];

/// What the one member of this process calls itself in its group.
const NAME: &str = "onefold";

impl KafkaLog {
    /// A member of the group under a name of the broker's choice. It joins when it gets its waker.
    pub fn join(settings: &KafkaSettings, group: &str, topic: &str, topic_id: TopicId) -> Result<KafkaLog, LogError> {
        KafkaLog::new(settings, group, topic, topic_id, None)
    }

    /// Makes the consumer; it joins the group when it gets its waker.
    pub(crate) fn new(
        settings: &KafkaSettings,
        group: &str,
        topic: &str,
        topic_id: TopicId,
        place: Option<Place>,
    ) -> Result<KafkaLog, LogError> {
        let consumer: BaseConsumer<Events> = settings
            .consumer(group, place.as_ref().map(|_| NAME))
            .create_with_context(Events::default())
            .map_err(|error| LogError::Fatal(format!("cannot make a consumer: {error}")))?;
        let consumer = Arc::new(consumer);
        let messages = MessageQueue::of(&consumer);
        let [paused, asked_for] = [(); 2].map(|()| BTreeSet::new());
        let reading = Positions::default();
        let (group, topic, asked_id) = (group.to_owned(), topic.into(), None);
        Ok(KafkaLog { messages, asked_id, consumer, group, topic, topic_id, reading, paused, asked_for, place })
    }

    fn events(&self) -> &Events {
        self.consumer.context()
    }

    fn list(&self, partitions: impl IntoIterator<Item = (i32, Offset)>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in partitions {
            // Only an offset that is no number is refused.
            let _ = list.add_partition_offset(&self.topic, partition, offset);
        }
        list
    }

    /// Asked on another connection than the one that joins: nothing of the group's own holds it up.
    fn described(&self, wait: Duration) -> Result<raw::Group, LogError> {
        raw::describe(self.consumer.client(), &self.group, wait)
            .map_err(|code| unreachable(KafkaError::GroupListFetch(code.into())))
    }

    /// Returns once librdkafka has done what it was told before, above all given up partitions. It does so on a thread of
    /// its own, and takes away the queue that a partition's messages were sent to: one that was set before would be
    /// lost, and the partition would stand still. Its thread does one thing after the other, so an answer to a question
    /// asked now comes after it.
    fn wait_until_given_up(&self) -> Result<(), LogError> {
        self.consumer.assignment().map(drop).map_err(unreachable)
    }

    /// Tells librdkafka where to go on in all that is read. Each of our answers to a rebalance, and whatever else it may
    /// take for one, ends the pause that came with it: this comes before. Nothing is polled between.
    ///
    /// Without leader epochs: librdkafka asks the leader about each, tries again for ever and without a word where the answer
    /// is an error, and where there is no leader just then it waits for a change of the epoch that may not come.
    fn hold_positions(&self) {
        raw::seek(
            &self.consumer,
            &self.list(self.reading.all().map(|(partition, at)| (partition, Offset::Offset(at)))),
        );
    }

    /// Lets librdkafka read these too.
    fn add(&self, partitions: &[(i32, i64)]) -> Result<(), KafkaError> {
        self.hold_positions();
        let list = self.list(partitions.iter().map(|(partition, offset)| (*partition, Offset::Offset(*offset))));
        self.consumer.incremental_assign(&list)
    }

    /// Lets librdkafka read these no more.
    fn give_up(&self, partitions: &[i32]) -> Result<(), KafkaError> {
        self.hold_positions();
        let list = self.list(partitions.iter().map(|partition| (*partition, Offset::Invalid)));
        self.consumer.incremental_unassign(&list)
    }
}

impl Log for KafkaLog {
    fn set_waker(&mut self, wake: Arc<dyn Fn() + Send + Sync>) {
        let woken = wake.clone();
        if let Some(consumer) = Arc::get_mut(&mut self.consumer) {
            consumer.set_nonempty_callback(move || woken());
        }
        self.messages.set_nonempty_callback(wake);
        if let Err(error) = self.consumer.subscribe(&[&self.topic]) {
            self.events().push(LogEvent::Unreachable(format!("cannot subscribe to {}: {error}", self.topic)));
        }
    }

    fn poll(&mut self, records: &mut Vec<Record>, at_most: usize) -> Result<Option<LogEvent>, LogError> {
        let before = records.len();
        self.serve(records)?;
        if at_most > 0 {
            for polled in self.messages.read(&self.consumer, &self.topic, self.topic_id, records, at_most) {
                self.on_polled(polled);
            }
        }
        self.reading.count(records, before);
        let event = self.events().pop();
        if let Some(LogEvent::Revoked(partitions) | LogEvent::Lost(partitions)) = &event {
            self.asked_for.extend(partitions);
        }
        Ok(event)
    }

    fn committed(&mut self, partitions: &[i32], wait: Duration) -> Result<Vec<CommittedAt>, LogError> {
        let asked = self.list(partitions.iter().map(|partition| (*partition, Offset::Invalid)));
        let answered = self.consumer.committed_offsets(asked, wait).map_err(unreachable)?;
        raw::committed(&answered)
    }

    fn bounds(&mut self, partition: i32, wait: Duration) -> Result<Bounds, LogError> {
        let (earliest, end) = self.consumer.fetch_watermarks(&self.topic, partition, wait).map_err(unreachable)?;
        Ok(Bounds { earliest, end })
    }

    fn offset_for_time(&mut self, partition: i32, timestamp_ms: i64, wait: Duration) -> Result<i64, LogError> {
        let asked = self.list([(partition, Offset::Offset(timestamp_ms))]);
        let answered = self.consumer.offsets_for_times(asked, wait).map_err(unreachable)?;
        match answered.elements().first().map(|element| element.offset()) {
            Some(Offset::Offset(offset)) => Ok(offset),
            _ => Ok(self.bounds(partition, wait)?.end),
        }
    }

    fn partitions(&mut self, wait: Duration) -> Result<Vec<i32>, LogError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), wait).map_err(unreachable)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == &*self.topic);
        let topic = topic.ok_or_else(|| LogError::NoTopic(self.topic.to_string()))?;
        match topic.error().map(RDKafkaErrorCode::from) {
            None => {}
            Some(RDKafkaErrorCode::UnknownTopicOrPartition) => return Err(LogError::NoTopic(self.topic.to_string())),
            Some(why) => {
                return Err(LogError::Unreachable(format!("the cluster does not tell of {}: {why}", self.topic)));
            }
        }
        Ok(topic.partitions().iter().map(|partition| partition.id()).collect())
    }

    fn ask_topic_id(&mut self) {
        self.asked_id = Some(AskedTopicId::of(self.consumer.client(), &self.topic));
    }

    fn told_topic_id(&mut self, wait: Duration) -> Result<Option<TopicId>, LogError> {
        let answer = self.asked_id.as_ref().and_then(|asked| asked.answer(wait));
        if answer.is_some() {
            self.asked_id = None;
        }
        answer.transpose()
    }

    fn holders(&mut self, wait: Duration) -> Result<Vec<Holder>, LogError> {
        let members = self.described(wait)?.members;
        let holder = |member: raw::Member| Holder {
            partitions: members::partitions(&member.assignment, &self.topic),
            member: member.id,
            client: member.client,
            host: member.host,
        };
        Ok(members.into_iter().map(holder).collect())
    }

    fn is_sharing(&mut self, wait: Duration) -> Result<bool, LogError> {
        Ok(SHARING.contains(&self.described(wait)?.state.as_str()))
    }

    fn start(&mut self, at: &[(i32, i64)]) -> Result<(), LogError> {
        let again: Vec<i32> = at.iter().map(|(p, _)| *p).filter(|p| self.reading.contains(*p)).collect();
        if !again.is_empty() {
            // Given up and taken again: whatever was fetched ahead is thrown away by librdkafka.
            self.give_up(&again).map_err(unreachable)?;
        }
        self.wait_until_given_up()?;
        let starts = |partition| at.iter().any(|(started, _)| *started == partition);
        self.events().forget_ends(starts);
        for (partition, offset) in at {
            if self.paused.contains(partition) {
                self.resume(*partition)?;
            }
            self.messages.take_from(&self.consumer, &self.topic, *partition);
            self.reading.start(*partition, *offset);
        }
        self.add(at).map_err(unreachable)
    }

    fn release(&mut self, partitions: &[i32]) -> Result<(), LogError> {
        let given: Vec<i32> = partitions.iter().copied().filter(|partition| self.reading.forget(*partition)).collect();
        self.asked_for.retain(|asked| !partitions.contains(asked));
        if let Err(error) = self.give_up(&given) {
            // After a lost assignment librdkafka has given them up already.
            tracing::debug!("partitions could not be given up: {error}");
        }
        Ok(())
    }

    fn commit(&mut self, commits: &[CommitAt]) -> Result<(), LogError> {
        let list = self.list(commits.iter().map(|commit| (commit.partition, Offset::Offset(commit.offset))));
        for commit in commits {
            if let Some(mut element) = list.find_partition(&self.topic, commit.partition) {
                element.set_metadata(&commit.metadata);
            }
        }
        raw::set_leader_epochs(&list, commits);
        if let Err(code) = raw::commit(&self.consumer, &list) {
            let error = KafkaError::ConsumerCommit(code.into());
            self.events().push(LogEvent::Committed(Err(crate::log::CommitError::Retry(error.to_string()))));
        }
        Ok(())
    }

    fn pause(&mut self, partition: i32) -> Result<(), LogError> {
        self.paused.insert(partition);
        if let Some(offset) = self.reading.of(partition) {
            raw::seek(&self.consumer, &self.list([(partition, Offset::Offset(offset))]));
        }
        self.consumer.pause(&self.list([(partition, Offset::Invalid)])).map_err(unreachable)
    }

    fn resume(&mut self, partition: i32) -> Result<(), LogError> {
        self.paused.remove(&partition);
        self.consumer.resume(&self.list([(partition, Offset::Invalid)])).map_err(unreachable)
    }

    fn leave(&mut self) {
        self.consumer.unsubscribe();
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.answer_all();
        self.events().close();
        tracing::debug!(topic = %self.topic, named = self.place.is_some(), "leaving the group");
    }
}

pub(super) fn unreachable(error: KafkaError) -> LogError {
    use RDKafkaErrorCode::{AllBrokersDown, OperationTimedOut};
    LogError::Unreachable(match error.rdkafka_error_code() {
        Some(code @ (AllBrokersDown | OperationTimedOut)) => away(code, ""),
        _ => format!("cannot reach the cluster: {error}"),
    })
}
