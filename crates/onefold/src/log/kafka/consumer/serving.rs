//! What librdkafka tells a member beside messages, and its answers.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::KafkaLog;
use crate::log::kafka::config::ASSIGNOR;
use crate::log::kafka::context::away;
use crate::log::kafka::raw::{self, Polled};
use crate::log::{Log, LogError, LogEvent};
use crate::record::Record;

/// How often a member that ends looks whether it was told more, and how often in vain before it believes that it was not.
const ANSWERS: u32 = 32;
const QUIET: u32 = 4;

impl KafkaLog {
    /// Rebalances, commits and errors; messages that were on their way before the queue was set up.
    pub(super) fn serve(&mut self, records: &mut Vec<Record>) -> Result<(), LogError> {
        let polled = self.consumer.poll(Duration::ZERO);
        let answered = match self.events().take_unanswered() {
            Some(true) => self.add(&[]),
            Some(false) => self.give_up(&[]),
            None => Ok(()),
        };
        if let Err(error) = answered {
            tracing::warn!("a rebalance could not be answered: {error}");
        }
        match polled {
            Some(Ok(message)) => records.push(raw::read_stray(&message, &self.topic, self.topic_id)),
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                return Err(LogError::Fatal(format!("the consumer cannot go on: {code}")));
            }
            Some(Err(error)) => self.on_error(&error)?,
            None => {}
        }
        Ok(())
    }

    fn on_error(&self, error: &KafkaError) -> Result<(), LogError> {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                Err(LogError::NoTopic(self.topic.to_string()))
            }
            Some(RDKafkaErrorCode::GroupAuthorizationFailed | RDKafkaErrorCode::TopicAuthorizationFailed) => {
                Err(LogError::Fatal(format!("the cluster does not let us read {}: {error}", self.topic)))
            }
            Some(RDKafkaErrorCode::InconsistentGroupProtocol) => {
                self.events().refused(format!(
                    "group {} does not take this member in: its other members share the partitions by another assignor than \
                     {ASSIGNOR}, which this one uses. Give the pipeline a `group` of its own, or stop the other members",
                    self.group
                ));
                Ok(())
            }
            Some(code @ (RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure)) => {
                self.events().push(LogEvent::Unreachable(away(code, &error.to_string())));
                Ok(())
            }
            _ => {
                self.events().push(LogEvent::Unreachable(error.to_string()));
                Ok(())
            }
        }
    }

    /// Leaves, and answers what was told and not heard yet, while librdkafka still listens: of a consumer that is being
    /// closed an answer may be lost, and without one it does not close.
    pub(super) fn answer_all(&mut self) {
        self.consumer.unsubscribe();
        let mut quiet = 0;
        for _ in 0..ANSWERS {
            // Its thread does one thing after the other: what it had to tell is told by now.
            if quiet == QUIET || self.wait_until_given_up().is_err() || self.serve(&mut Vec::new()).is_err() {
                return;
            }
            quiet += 1;
            while let Some(event) = self.events().pop() {
                if let LogEvent::Revoked(partitions) | LogEvent::Lost(partitions) = event {
                    self.asked_for.extend(partitions);
                }
            }
            if !self.asked_for.is_empty() {
                quiet = 0;
                let asked_for: Vec<i32> = std::mem::take(&mut self.asked_for).into_iter().collect();
                // It only ever says so in the log.
                let _ = self.release(&asked_for);
            }
        }
    }

    pub(super) fn on_polled(&self, polled: Polled) {
        self.events().push(match polled {
            Polled::End { partition, offset } => LogEvent::End { partition, offset },
            Polled::OutOfRange { partition, reason } => LogEvent::OutOfRange { partition, reason },
            Polled::Error(reason) => LogEvent::Unreachable(reason),
        });
    }
}
