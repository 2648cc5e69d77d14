//! The embedded Kafka-compatible broker: journal, segments, wire protocol, server.
