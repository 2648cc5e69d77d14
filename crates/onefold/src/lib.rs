//! Onefold makes each event take effect once: the delivery-guarantee runtime for Kafka.
