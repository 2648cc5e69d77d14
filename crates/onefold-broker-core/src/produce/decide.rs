//! The decision on one batch, in Kafka's order (ProducerAppendInfo; anchors: KIP-98, KIP-360, KIP-890).

use crate::batch::Header;
use crate::error::ErrorCode;
use crate::id::{Lsn, TopicPartition};
use crate::partition::Partition;
use crate::producer::Window;
use crate::state::State;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It is new: its first record gets `base_offset`.
    Append {
        base_offset: i64,
    },
    /// It was appended before, by record `lsn`: the answer is that of the first time, once `lsn` is durable.
    Duplicate {
        base_offset: i64,
        lsn: Lsn,
        append_time_ms: i64,
    },
    Refuse(ProduceError),
}

/// Why a batch is not appended, with the code the client acts on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ProduceError {
    pub code: ErrorCode,
    pub message: &'static str,
}

/// Decides on a batch that passed [`crate::batch::validate`].
pub fn decide(state: &State, at: TopicPartition, header: &Header) -> Decision {
    let Some(partition) = state.partition(at) else {
        return refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "this topic has no such partition");
    };
    let window = partition.producers().get(header.producer_id);
    if let Some(sent) = window.and_then(|w| w.find(header.producer_epoch, header.base_sequence, header.last_sequence()))
    {
        return Decision::Duplicate { base_offset: sent.base_offset, lsn: sent.lsn, append_time_ms: sent.time_ms };
    }
    if let Err(refusal) = check_producer(partition, window, header) {
        return Decision::Refuse(refusal);
    }
    match partition.log_end().checked_add(i64::from(header.record_count)) {
        Some(_) => Decision::Append { base_offset: partition.log_end() },
        None => refuse(ErrorCode::UNKNOWN_SERVER_ERROR, "the partition's offsets are used up"),
    }
}

fn check_producer(partition: &Partition, window: Option<&Window>, header: &Header) -> Result<(), ProduceError> {
    let epoch_is_old = window.is_some_and(|window| header.producer_epoch < window.epoch());
    if header.is_transactional() {
        // The epoch first (KAFKA-19690): a fenced producer may recover, one in a wrong state may not.
        return Err(if epoch_is_old { OLD_EPOCH } else { NO_TRANSACTION });
    }
    if !header.has_producer() {
        return Ok(());
    }
    if epoch_is_old || header.producer_epoch < 0 {
        return Err(OLD_EPOCH);
    }
    let expected = match window {
        Some(window) if window.epoch() == header.producer_epoch => window.next_sequence(),
        // A new epoch begins at 0. So does a producer that was never known here: taking any other first sequence would
        // append over the gap of a batch that is lost or still to come (V4). One whose window expired goes on anywhere.
        None if partition.producers().may_have_forgotten(header.producer_id) => header.base_sequence,
        _ => 0,
    };
    if header.base_sequence != expected {
        return Err(match window {
            Some(_) => OUT_OF_ORDER,
            None => UNKNOWN_PRODUCER,
        });
    }
    match window.and_then(Window::open_transaction) {
        Some(_) => Err(OPEN_TRANSACTION),
        None => Ok(()),
    }
}

fn refuse(code: ErrorCode, message: &'static str) -> Decision {
    Decision::Refuse(ProduceError { code, message })
}

const OLD_EPOCH: ProduceError = ProduceError {
    code: ErrorCode::INVALID_PRODUCER_EPOCH,
    message: "a newer epoch of this producer has written here: another instance took over, or the transaction timed out",
};
const NO_TRANSACTION: ProduceError = ProduceError {
    code: ErrorCode::INVALID_TXN_STATE,
    message: "the batch is transactional, and no transaction of its producer is open for this partition",
};
const OPEN_TRANSACTION: ProduceError = ProduceError {
    code: ErrorCode::INVALID_TXN_STATE,
    message: "the batch is not transactional, and a transaction of its producer is open in this partition",
};
const OUT_OF_ORDER: ProduceError = ProduceError {
    code: ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
    message: "the batch's sequence does not follow the producer's last one here, nor is it one of its last five batches",
};
const UNKNOWN_PRODUCER: ProduceError = ProduceError {
    code: ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
    message: "the producer is not known in this partition, so its first batch here must have sequence 0",
};
