//! What every API works on: the log, the groups, the settings, and who the broker says it is.

use std::net::SocketAddr;
use std::sync::Mutex;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::batch::Limits;
use onefold_broker_core::producer::ProducerIds;
use onefold_broker_core::topic::TopicSettings;

use super::Peer;
use super::groups::Groups;
use crate::log::Log;
use crate::server::{Budget, InFlight};
use crate::settings::BrokerSettings;

/// The only node there is.
pub(super) const NODE_ID: i32 = 1;

/// The broker as its APIs see it; shared by all connections.
pub(crate) struct Node {
    pub(crate) log: Log,
    pub(crate) groups: Groups,
    pub(crate) producer_ids: Mutex<ProducerIds>,
    pub(crate) settings: BrokerSettings,
    /// What requests in flight may use.
    pub(crate) in_flight: InFlight,
    /// What Fetch answers may use.
    pub(crate) fetching: Budget,
    /// What the user wants clients to be told, host and port.
    pub(crate) advertised: Option<(String, u16)>,
}

/// Whether replicas that a client assigns are what this broker has: itself, once.
pub(super) fn is_only_here(replicas: &[BrokerId]) -> bool {
    matches!(replicas, [BrokerId(NODE_ID)])
}

impl Node {
    /// The host and port this peer shall use: what the user advertises, else the address by which it got here.
    pub(super) fn endpoint(&self, peer: &Peer) -> (StrBytes, i32) {
        match &self.advertised {
            Some((host, port)) => (StrBytes::from_string(host.clone()), i32::from(*port)),
            None => (StrBytes::from_string(host(peer.local)), i32::from(peer.local.port())),
        }
    }
}

impl Node {
    /// The data folder's whole path: the one "log directory" there is.
    pub(super) fn log_dir(&self) -> String {
        let data = &self.settings.data;
        std::path::absolute(data).as_deref().unwrap_or(data).display().to_string()
    }

    /// What a topic lets in.
    pub(super) fn limits(&self, topic: &TopicSettings, now_ms: i64) -> Limits {
        let mut limits = Limits::of(topic, now_ms);
        if topic.max_message_bytes.is_none() {
            limits.max_message_bytes = usize::try_from(self.settings.max_message_bytes).unwrap_or(0);
        }
        limits
    }
}

fn host(address: SocketAddr) -> String {
    address.ip().to_canonical().to_string()
}
