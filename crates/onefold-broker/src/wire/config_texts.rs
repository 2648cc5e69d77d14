//! What DescribeConfigs says of each config when it is asked to (KIP-569): what the config does on this broker, which for
//! some of Kafka's is nothing.

/// Of a topic's config, by its name.
pub(super) fn of_topic(name: &str) -> &'static str {
    match name {
        "cleanup.policy" => {
            "What happens to old records: 'delete' removes them by retention.ms and retention.bytes. 'compact' is accepted, \
             asks for a key in each record, and keeps everything: records are not compacted here."
        }
        "max.message.bytes" => "The largest record batch that the topic takes, in bytes, as it is sent.",
        "message.timestamp.after.max.ms" => {
            "How far a record's timestamp may lie after the broker's time, in milliseconds; not looked at with LogAppendTime."
        }
        "message.timestamp.before.max.ms" => {
            "How far a record's timestamp may lie before the broker's time, in milliseconds; not looked at with LogAppendTime."
        }
        "message.timestamp.type" => {
            "Whether a record keeps the time that its producer gave it (CreateTime) or gets the broker's (LogAppendTime)."
        }
        "retention.bytes" => {
            "The bytes that a partition keeps at most: its oldest segments go beyond that. A negative number is no limit."
        }
        "retention.ms" => "How long records are kept, in milliseconds, by their timestamps; -1 is no limit.",
        "segment.bytes" => "The size of one file of a partition, in bytes. Retention removes whole files.",
        "flush.messages" | "flush.ms" => {
            "Accepted, without effect: what is answered with acks=all is on the disk, everything else within milliseconds."
        }
        "min.insync.replicas" => "Accepted, without effect: there is one replica.",
        _ => "Accepted for Apache Kafka's sake, without effect on this broker.",
    }
}

/// Of this broker's config, by its name.
pub(super) fn of_broker(name: &str) -> &'static str {
    match name {
        "advertised.listeners" => "The address that clients are told to connect to.",
        "auto.create.topics.enable" => "Whether a topic is created when a client asks for one that does not exist.",
        "broker.id" | "node.id" => "The number of this broker, the only one.",
        "connections.max.idle.ms" => "After how many milliseconds without a request a connection is closed.",
        "default.replication.factor" => "The number of replicas of each partition: one.",
        "delete.topic.enable" => "Whether topics can be deleted: they can.",
        "group.initial.rebalance.delay.ms" => {
            "How many milliseconds a group that was empty waits for more members before its first generation."
        }
        "listeners" => "The address that the broker listens on.",
        "log.dirs" => "The folder that holds everything the broker keeps.",
        "max.connections" => "How many connections may be open at once.",
        "message.max.bytes" => "The largest record batch, in bytes, of a topic without a max.message.bytes of its own.",
        "min.insync.replicas" => "The number of replicas that must have a record: one.",
        "num.partitions" => "The number of partitions of a topic that is created without one.",
        "offsets.retention.check.interval.ms" => {
            "How often committed offsets that nobody needs are looked for, in milliseconds."
        }
        "offsets.retention.minutes" => "For how many minutes committed offsets of a group without members are kept.",
        "socket.request.max.bytes" => "The largest request, in bytes.",
        _ => "A setting of this broker.",
    }
}
