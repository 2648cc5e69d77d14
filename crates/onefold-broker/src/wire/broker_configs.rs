//! The broker's settings under the names that Kafka's tools look for. Read-only.

use crate::settings::BrokerSettings;

use super::node::NODE_ID;

pub(super) struct BrokerConfig {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Kafka's number for the type.
    pub(super) kind: i8,
}

/// Kafka's number for values from the server's own settings.
pub(super) const STATIC: i8 = 4;

const BOOL: i8 = 1;
const INT: i8 = 3;
const LONG: i8 = 5;
const LIST: i8 = 7;

/// By name. `advertised` is what this client is told to connect to.
pub(super) fn of(settings: &BrokerSettings, advertised: &str, log_dir: String) -> Vec<BrokerConfig> {
    let config = |name, value: String, kind| BrokerConfig { name, value, kind };
    let mut configs = vec![
        config("advertised.listeners", format!("PLAINTEXT://{advertised}"), LIST),
        config("auto.create.topics.enable", settings.auto_create_topics.to_string(), BOOL),
        config("connections.max.idle.ms", settings.limits.idle_timeout.as_millis().to_string(), LONG),
        config("broker.id", NODE_ID.to_string(), INT),
        config("default.replication.factor", "1".into(), INT),
        config("delete.topic.enable", "true".into(), BOOL),
        config("group.initial.rebalance.delay.ms", settings.group_initial_rebalance_delay_ms.to_string(), INT),
        config("listeners", format!("PLAINTEXT://{}", settings.listen), LIST),
        config("log.dirs", log_dir, LIST),
        config("max.connections", settings.limits.max_connections.to_string(), INT),
        config("message.max.bytes", settings.max_message_bytes.to_string(), INT),
        config("min.insync.replicas", "1".into(), INT),
        config("node.id", NODE_ID.to_string(), INT),
        config("num.partitions", settings.default_partitions.to_string(), INT),
        config("offsets.retention.check.interval.ms", settings.offsets_retention_check.as_millis().to_string(), LONG),
        config("offsets.retention.minutes", (settings.offsets_retention.as_secs() / 60).to_string(), INT),
        config("socket.request.max.bytes", settings.limits.max_frame_bytes.to_string(), INT),
    ];
    configs.sort_by_key(|config| config.name);
    configs
}
