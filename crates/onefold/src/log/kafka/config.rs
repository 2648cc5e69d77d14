//! How clients of one cluster are made.

use rdkafka::ClientConfig;

/// Where a cluster is and how to get in.
#[derive(Clone)]
pub struct KafkaSettings {
    pub bootstrap: String,
    /// librdkafka's own settings: `security.protocol`, `sasl.username`, ..
    pub more: Vec<(String, String)>,
    /// Nobody else runs these groups, as with the embedded broker: after a kill, the next start takes the dead
    /// member's place at once instead of waiting for its session to end.
    pub alone: bool,
}

impl std::fmt::Debug for KafkaSettings {
    /// Without the values of librdkafka's settings: passwords are among them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let more: Vec<&str> = self.more.iter().map(|(name, _)| name.as_str()).collect();
        let mut out = f.debug_struct("KafkaSettings");
        out.field("bootstrap", &self.bootstrap).field("more", &more).field("alone", &self.alone).finish()
    }
}

impl KafkaSettings {
    pub fn new(bootstrap: &str) -> KafkaSettings {
        KafkaSettings { bootstrap: bootstrap.to_owned(), more: Vec::new(), alone: false }
    }

    /// For clients of any kind.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("client.id", "onefold");
        // Asking about a topic must not make it: it would have the broker's number of partitions, and a slip of the
        // hand would be a topic. A producer's default is true.
        config.set("allow.auto.create.topics", "false");
        // A broker that comes back is found within a second.
        config.set("reconnect.backoff.ms", "50").set("reconnect.backoff.max.ms", "1000");
        for (key, value) in &self.more {
            config.set(key, value);
        }
        config
    }

    /// For a member of a group, with a name of its own where there is one (KIP-345). Positions are the runtime's
    /// alone, and nothing is ever skipped by a reset.
    pub(super) fn consumer(&self, group: &str, name: Option<&str>) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .set("partition.assignment.strategy", ASSIGNOR)
            .set("fetch.wait.max.ms", "100")
            .set("fetch.error.backoff.ms", "50")
            .set("queued.max.messages.kbytes", "32768")
            // A full queue is looked at again soon: by default a fast reader stands still for most of a second.
            .set("fetch.queue.backoff.ms", "5");
        if let Some(name) = name {
            config.set("group.instance.id", name).set("session.timeout.ms", "10000");
        }
        for (key, value) in &self.more {
            config.set(key, value);
        }
        config
    }

    /// For producing: acks=all, idempotent, partitioned as Java's clients do.
    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "2")
            .set("message.timeout.ms", "30000")
            // A dead letter is as large as its record and a little; the topic's own limit is what should decide.
            .set("message.max.bytes", LARGEST);
        if let Some((key, value)) = self.more.iter().find(|(key, _)| key == "message.max.bytes") {
            config.set(key, value);
        }
        config
    }
}

/// How partitions are shared: what moves is given up, and the rest read on.
pub(super) const ASSIGNOR: &str = "cooperative-sticky";

/// 64 MiB.
const LARGEST: &str = "67108864";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_may_be_as_large_as_any_record_that_is_read() {
        let mut settings = KafkaSettings::new("localhost:1");
        assert_eq!(settings.producer().get("message.max.bytes"), Some("67108864"));
        settings.more.push(("message.max.bytes".into(), "2000000".into()));
        assert_eq!(settings.producer().get("message.max.bytes"), Some("2000000"));
    }

    #[test]
    fn no_password_is_shown() {
        let mut settings = KafkaSettings::new("localhost:1");
        settings.more.push(("sasl.password".into(), "hunter2".into()));
        let shown = format!("{settings:?}");
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"), "{shown}");
    }
}
