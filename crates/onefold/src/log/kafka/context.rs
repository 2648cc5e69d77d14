//! What librdkafka tells a consumer besides messages, kept until the runtime asks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::TopicPartitionList;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

use crate::log::{CommitError, LogEvent};

/// The events of one consumer, in order. The runtime acts on them from its own loop, on the same thread, when it has a
/// position for each partition and has finished what it must.
#[derive(Default)]
pub(super) struct Events {
    queue: Mutex<VecDeque<LogEvent>>,
    closing: AtomicBool,
    /// The group did not take the member in, and that was told.
    refused: AtomicBool,
    /// A rebalance that is to be answered at once: whether it assigns.
    unanswered: Mutex<Option<bool>>,
}

impl Events {
    pub(super) fn push(&self, event: LogEvent) {
        self.lock().push_back(event);
    }

    /// The group does not take the member in, as it says at each try: told once, until it does.
    pub(super) fn refused(&self, why: String) {
        if !self.refused.swap(true, Ordering::Relaxed) {
            self.push(LogEvent::Refused(why));
        }
    }

    /// The oldest; but what takes partitions away goes before ends and answers, so that less is run in vain.
    pub(super) fn pop(&self) -> Option<LogEvent> {
        let mut queue = self.lock();
        let takes = |event: &LogEvent| matches!(event, LogEvent::Lost(_) | LogEvent::Revoked(_));
        let gives_way = |event: &LogEvent| matches!(event, LogEvent::End { .. } | LogEvent::Committed(_));
        match queue.iter().position(|event| !gives_way(event)) {
            Some(first) if queue.get(first).is_some_and(takes) => queue.remove(first),
            _ => queue.pop_front(),
        }
    }

    /// Ends that were told of an earlier reading say nothing about the next one.
    pub(super) fn forget_ends(&self, of: impl Fn(i32) -> bool) {
        self.lock().retain(|event| !matches!(event, LogEvent::End { partition, .. } if of(*partition)));
    }

    /// The rebalance that is to be answered by now with nothing to read or to give up; whether it assigns.
    pub(super) fn take_unanswered(&self) -> Option<bool> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// From here on partitions are given up without asking: nobody is left to answer.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<LogEvent>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!("librdkafka: {facility} {message}");
            }
            _ => tracing::debug!("librdkafka: {facility} {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(code @ (RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown)) => {
                self.push(LogEvent::Unreachable(away(code, reason)));
            }
            _ => tracing::warn!("librdkafka: {error}: {reason}"),
        }
    }
}

impl ConsumerContext for Events {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let assigned = err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Relaxed) {
            // What comes now is answered with nothing to read, too: until then a member does not leave its group. Nothing is
            // asked that librdkafka may have stopped to answer: it would be waited for without end.
            let given_up = match assigned {
                _ if consumer.closed() => Ok(()),
                true => consumer.incremental_assign(&TopicPartitionList::new()),
                false => consumer.incremental_unassign(list),
            };
            if let Err(error) = given_up {
                tracing::debug!("partitions could not be given up at the end: {error}");
            }
            return;
        }
        if assigned && self.refused.swap(false, Ordering::Relaxed) {
            self.push(LogEvent::Admitted);
        }
        let partitions: Vec<i32> = list.elements().iter().map(|element| element.partition()).collect();
        // Until it is answered, a member takes part in no further rebalance. What is assigned is answered at once with
        // nothing to read, since partitions are added when they are started; what is to be given up, when it is.
        if assigned || partitions.is_empty() {
            *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = Some(assigned);
        }
        if partitions.is_empty() {
            return;
        }
        self.push(match assigned {
            true => LogEvent::Assigned(partitions),
            false if consumer.assignment_lost() => LogEvent::Lost(partitions),
            false => LogEvent::Revoked(partitions),
        });
    }

    fn commit_callback(&self, result: KafkaResult<()>, list: &TopicPartitionList) {
        let failed = list.elements().iter().find_map(|element| element.error().err());
        self.push(LogEvent::Committed(match result.err().or(failed) {
            None => Ok(()),
            Some(error) => Err(commit_error(&error)),
        }));
    }
}

/// That brokers cannot be reached, in plain words. librdkafka counts its own first address as one more broker, and writes
/// addresses and states in a way of its own.
pub(super) fn away(code: RDKafkaErrorCode, reason: &str) -> String {
    let why = match code {
        RDKafkaErrorCode::AllBrokersDown => "no broker of it answers".to_owned(),
        RDKafkaErrorCode::OperationTimedOut => "no answer in time".to_owned(),
        _ => reason.split(" (after ").next().unwrap_or_default().replace("ipv4#", "").replace("ipv6#", ""),
    };
    format!("cannot reach the cluster: {why}")
}

fn commit_error(error: &KafkaError) -> CommitError {
    use RDKafkaErrorCode::*;
    match error.rdkafka_error_code() {
        Some(IllegalGeneration | UnknownMemberId | FencedInstanceId | FencedMemberEpoch | StaleMemberEpoch) => {
            CommitError::Fenced(error.to_string())
        }
        // Answers of a coordinator, or for want of one, that took nothing.
        Some(RebalanceInProgress | CoordinatorLoadInProgress | NotCoordinator | WaitingForCoordinator) => {
            CommitError::Retry(error.to_string())
        }
        // Kafka says also that there is no coordinator when it did not see in time that what it wrote was replicated.
        _ => CommitError::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_was_not_answered_is_none_that_was_refused() {
        use RDKafkaErrorCode::*;
        let of = |code| commit_error(&KafkaError::ConsumerCommit(code));
        for refused in [RebalanceInProgress, CoordinatorLoadInProgress, NotCoordinator] {
            assert!(matches!(of(refused), CommitError::Retry(_)), "{refused:?}");
        }
        for unknown in [BrokerTransportFailure, OperationTimedOut, RequestTimedOut, CoordinatorNotAvailable] {
            assert!(matches!(of(unknown), CommitError::Unknown(_)), "{unknown:?}");
        }
        assert!(matches!(of(IllegalGeneration), CommitError::Fenced(_)));
    }

    #[test]
    fn an_outage_is_told_in_plain_words() {
        let refused =
            "127.0.0.1:9092/1: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)";
        for (code, reason, plain) in [
            (RDKafkaErrorCode::AllBrokersDown, "2/2 brokers are down", "no broker of it answers"),
            (RDKafkaErrorCode::OperationTimedOut, "Local: Timed out", "no answer in time"),
            (
                RDKafkaErrorCode::BrokerTransportFailure,
                refused,
                "127.0.0.1:9092/1: Connect to 127.0.0.1:9092 failed: Connection refused",
            ),
        ] {
            assert_eq!(away(code, reason), format!("cannot reach the cluster: {plain}"));
        }
    }
}
