//! What a user may set on the embedded broker. Every value has a default that is right for one machine.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::disk::{Disk, RealDisk};
use crate::log::LogSettings;

/// Settings of one broker. `BrokerSettings::new(folder)` is a working broker on a free port of 127.0.0.1.
#[derive(Clone)]
pub struct BrokerSettings {
    /// Folder that holds everything the broker keeps. Created when missing, locked while the broker runs.
    pub data: PathBuf,
    /// `host:port` to listen on; port 0 takes a free one.
    pub listen: String,
    /// `host:port` that clients are told to connect to. Without it they are told the address they reached.
    pub advertised: Option<String>,
    /// Partitions of a topic that is created without a number: by auto-creation, or by CreateTopics with -1.
    pub default_partitions: i32,
    /// Whether Metadata may create a topic for a client that asks for it.
    pub auto_create_topics: bool,
    /// Largest batch a topic takes unless its own `max.message.bytes` says otherwise.
    pub max_message_bytes: i32,
    /// How long a new group waits for more members before its first rebalance. Kafka's 3 s would only delay the first poll here.
    pub group_initial_rebalance_delay_ms: u32,
    /// How long committed offsets are kept once their group has no members, in broker time (`offsets.retention.minutes`).
    /// Those of a group that never had members are kept so long from their commit.
    pub offsets_retention: Duration,
    /// Between two looks for such offsets (`offsets.retention.check.interval.ms`).
    pub offsets_retention_check: Duration,
    /// Worker threads of the broker's own runtime.
    pub threads: usize,
    pub limits: ServerLimits,
    /// Of the journal and its files.
    pub log: LogSettings,
    /// Where everything is kept: the machine's file system, or a simulated one in tests.
    pub disk: Arc<dyn Disk>,
}

/// What bounds the broker's memory and its patience with peers.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Further connections are closed at once. One that was used and is idle costs about 24 KiB; a consumer of librdkafka
    /// opens three.
    pub max_connections: usize,
    /// A larger request closes the connection (Kafka's `socket.request.max.bytes`).
    pub max_frame_bytes: usize,
    /// Bytes of all requests that are being received or handled, beyond the first 64 KiB of each.
    pub in_flight_bytes: usize,
    /// Bytes of all answers to Fetch and DescribeProducers that are being written, beyond the first 64 KiB of each.
    pub fetch_bytes: usize,
    /// From the first byte of a request to its last, without the time it queues for the budget. Beyond a usual size, also
    /// the pace: a twelfth of the request in a sixth of this time.
    pub frame_timeout: Duration,
    /// A peer that takes nothing of its answer for this long is disconnected.
    pub write_timeout: Duration,
    /// A connection without a request for this long is closed (Kafka's `connections.max.idle.ms`).
    pub idle_timeout: Duration,
    /// Answers of one connection that may wait for their turn or for the disk; beyond it nothing more is read from the peer.
    pub max_pipelined: usize,
    /// Partitions of all topics together.
    pub max_partitions: usize,
}

impl BrokerSettings {
    pub fn new(data: impl Into<PathBuf>) -> BrokerSettings {
        BrokerSettings {
            data: data.into(),
            listen: "127.0.0.1:0".into(),
            advertised: None,
            default_partitions: 4,
            auto_create_topics: true,
            max_message_bytes: 1_048_588,
            group_initial_rebalance_delay_ms: 0,
            offsets_retention: Duration::from_secs(7 * 24 * 60 * 60),
            offsets_retention_check: Duration::from_secs(600),
            threads: 2,
            limits: ServerLimits::default(),
            log: LogSettings::default(),
            disk: Arc::new(RealDisk),
        }
    }

    /// Sets the `host:port` to listen on; port 0 takes a free one.
    pub fn listen(mut self, address: impl Into<String>) -> BrokerSettings {
        self.listen = address.into();
        self
    }

    /// Sets the `host:port` that clients are told to connect to.
    pub fn advertised(mut self, address: impl Into<String>) -> BrokerSettings {
        self.advertised = Some(address.into());
        self
    }

    /// Sets the partitions of topics that are created without a number.
    pub fn default_partitions(mut self, partitions: i32) -> BrokerSettings {
        self.default_partitions = partitions;
        self
    }

    /// Sets whether Metadata may create a topic for a client that asks for it.
    pub fn auto_create_topics(mut self, allowed: bool) -> BrokerSettings {
        self.auto_create_topics = allowed;
        self
    }
}

impl fmt::Debug for BrokerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BrokerSettings { data, listen, advertised, default_partitions, limits, .. } = self;
        f.debug_struct("BrokerSettings")
            .field("data", data)
            .field("listen", listen)
            .field("advertised", advertised)
            .field("default_partitions", default_partitions)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            max_connections: 10_000,
            max_frame_bytes: 100 << 20,
            in_flight_bytes: 128 << 20,
            fetch_bytes: 128 << 20,
            frame_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(600),
            max_pipelined: 256,
            max_partitions: 100_000,
        }
    }
}
