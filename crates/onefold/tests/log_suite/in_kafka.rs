//! The embedded broker behind librdkafka.

use std::io::{Read, Write};
use std::net::TcpStream;

use onefold::Record;
use onefold::log::kafka::KafkaLog;
use onefold::log::{Log, Publish};
use onefold::prelude::Kafka;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{ASK, Bench};

pub struct Embedded {
    kafka: Kafka,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Embedded {
    pub fn start() -> Embedded {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kafka = runtime.block_on(Kafka::embedded(folder.path())).unwrap();
        Embedded { kafka, runtime, _folder: folder }
    }

    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.kafka.address());
        client
    }

    /// LeaveGroup 1 in another's name: nothing else takes a member out of its group at once.
    fn leave_for(&self, group: &str, member: &str) {
        let text = |text: &str| [&(text.len() as i16).to_be_bytes(), text.as_bytes()].concat();
        let header = [&13i16.to_be_bytes()[..], &1i16.to_be_bytes(), &7i32.to_be_bytes(), &text("test")].concat();
        let request = [header, text(group), text(member)].concat();
        let mut broker = TcpStream::connect(self.kafka.address()).unwrap();
        broker.write_all(&(request.len() as i32).to_be_bytes()).unwrap();
        broker.write_all(&request).unwrap();
        let mut answer = [0; 14];
        broker.read_exact(&mut answer).unwrap();
        assert_eq!(answer[12..], [0, 0], "refused");
    }
}

impl Bench for Embedded {
    fn create_topic(&self, topic: &str, partitions: i32) {
        self.runtime.block_on(self.kafka.create_topic(topic, partitions)).unwrap();
    }

    fn publish(&self, records: Vec<Record>) {
        let sent = records.into_iter().map(|record| self.kafka.publisher().publish(record));
        for result in self.runtime.block_on(futures_util::future::join_all(sent)) {
            result.unwrap();
        }
    }

    fn join(&self, group: &str, topic: &str) -> Box<dyn Log> {
        let id = self.kafka.publisher().topic_id(topic, ASK).unwrap();
        Box::new(KafkaLog::join(self.kafka.settings(), group, topic, id).unwrap())
    }

    fn delete_records(&self, topic: &str, partition: i32, below: i64) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(below)).unwrap();
        self.runtime.block_on(admin.delete_records(&offsets, &AdminOptions::new())).unwrap();
    }

    fn expel(&self, group: &str, _: &str) {
        let consumer: BaseConsumer = self.client().create().unwrap();
        let groups = consumer.fetch_group_list(Some(group), ASK).unwrap();
        for member in groups.groups().iter().flat_map(|group| group.members()) {
            self.leave_for(group, member.id());
        }
    }
}
