//! Of a topic that is not there the cluster says so; of a cluster that is away nothing is known. Neither is taken for an id.

use std::time::Duration;

use onefold::log::kafka::KafkaLog;
use onefold::log::{Log, LogError};
use onefold::prelude::Kafka;
use onefold::record::TopicId;

use super::ASK;
use super::in_kafka::InKafka;

fn ask(kafka: &Kafka, topic: &str, wait: Duration) -> Result<TopicId, LogError> {
    KafkaLog::join(kafka.settings(), "g", topic, TopicId([7; 16])).unwrap().topic_id(wait)
}

#[test]
fn a_topic_that_is_not_there_has_no_id() {
    let bench = InKafka::embedded();
    for missing in ["missing", "", "a\0b"] {
        let told = ask(bench.kafka(), missing, ASK);
        assert!(matches!(told, Err(LogError::NoTopic(_))), "{missing:?}: {told:?}");
    }
}

/// It was there, and is taken away: the port is a listener's that never answers.
#[test]
fn what_is_not_told_in_time_is_not_what_was_known() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let kafka = Kafka::bootstrap(&silent.local_addr().unwrap().to_string()).unwrap();
    let told = ask(&kafka, "t", Duration::from_millis(100));
    assert!(matches!(&told, Err(LogError::Unreachable(why)) if why.contains("not told within 100 ms")), "{told:?}");
}
