//! The embedded broker behind librdkafka, and Apache Kafka where there is one.

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

pub struct InKafka {
    kafka: Kafka,
    runtime: tokio::runtime::Runtime,
    /// Of the embedded broker.
    _folder: Option<tempfile::TempDir>,
    /// Tests that share a cluster have names of their own.
    suffix: String,
}

impl InKafka {
    pub fn embedded() -> InKafka {
        let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
        let kafka = runtime.block_on(Kafka::embedded(folder.path())).unwrap();
        InKafka { kafka, runtime, _folder: Some(folder), suffix: String::new() }
    }

    /// Kafka at the address that the environment tells.
    pub fn apache() -> InKafka {
        let address = std::env::var("ONEFOLD_TEST_KAFKA").expect("the address of Apache Kafka in ONEFOLD_TEST_KAFKA");
        let suffix = format!("-{:016x}", fastrand::u64(..));
        InKafka { kafka: Kafka::bootstrap(&address).unwrap(), runtime: runtime(), _folder: None, suffix }
    }

    pub fn kafka(&self) -> &Kafka {
        &self.kafka
    }

    pub fn client(&self) -> ClientConfig {
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

impl Bench for InKafka {
    fn named(&self, name: &str) -> String {
        format!("{name}{}", self.suffix)
    }

    fn create_topic(&self, topic: &str, partitions: i32) {
        self.runtime.block_on(self.kafka.create_topic(&self.named(topic), partitions)).unwrap();
    }

    fn publish(&self, records: Vec<Record>) {
        let sent = records.into_iter().map(|mut record| {
            record.topic = self.named(&record.topic).into();
            self.kafka.publisher().publish(record)
        });
        for result in self.runtime.block_on(futures_util::future::join_all(sent)) {
            result.unwrap();
        }
    }

    fn join(&self, group: &str, topic: &str) -> Box<dyn Log> {
        let (group, topic) = (&self.named(group), &self.named(topic));
        let id = self.kafka.publisher().topic_id(topic, ASK).unwrap();
        Box::new(KafkaLog::join(self.kafka.settings(), group, topic, id).unwrap())
    }

    fn delete_records(&self, topic: &str, partition: i32, below: i64) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&self.named(topic), partition, Offset::Offset(below)).unwrap();
        self.runtime.block_on(admin.delete_records(&offsets, &AdminOptions::new())).unwrap();
    }

    fn expel(&self, group: &str, _: &str) {
        let group = &self.named(group);
        let consumer: BaseConsumer = self.client().create().unwrap();
        let groups = consumer.fetch_group_list(Some(group), ASK).unwrap();
        for member in groups.groups().iter().flat_map(|group| group.members()) {
            self.leave_for(group, member.id());
        }
    }
}
