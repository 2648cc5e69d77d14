//! From checked batches to one journal record.

use bytes::{Bytes, BytesMut};
use onefold_broker_core::batch;
use onefold_broker_core::produce::{Deciding, Decision};
use onefold_broker_core::state::State;
use onefold_broker_core::{Append, ErrorCode, Lsn, Record};

use super::super::refusal::Refusal;
use super::super::{Call, Fault};
use super::Outcome;
use super::prepare::{Prepared, Ready, prepare};
use super::request::ProduceRequest;

/// What a request may have beside its batches before they are copied out of it: names and lengths of a usual one.
const FRAME_SLACK: usize = 1 << 10;

/// A log start that the sequencer's view of the partition must not tell; the protocol's word for an unknown one.
const NOT_LOOKED_UP: i64 = -1;

/// Appends what can be appended, as one journal record. Returns an outcome for each partition in the order asked, and the
/// record that the answer depends on.
pub(super) async fn append(
    call: Call<'_>,
    request: &ProduceRequest,
    mut body: BytesMut,
) -> Result<(Vec<Outcome>, Lsn), Fault> {
    let (mut prepared, seen) = prepare(call, request, &mut body);
    let bytes: usize = prepared.iter().filter_map(Prepared::ready).map(|ready| ready.header.size).sum();
    // Kept until the batches are sequenced.
    let room = call.node.log.room(bytes).await;
    if let Err(refused) = &room {
        let refusal = Refusal::new(ErrorCode::KAFKA_STORAGE_ERROR, refused.to_string());
        prepared.iter_mut().for_each(|one| one.refuse(&refusal));
    }
    let durable = request.acks == -1;
    // The header is in the same allocation, and its only long part is the client's name.
    let frame_bytes = body.len() + call.header.client_id.as_ref().map_or(0, |id| id.len());
    let ((mut outcomes, depends, waits), lsn) = call.node.log.sequence(|state, _| {
        let mut step = Step { state, durable, depends: seen, waits: false, frame_bytes };
        let (outcomes, record) = step.decide(&prepared, body);
        ((outcomes, step.depends, step.waits), record)
    })?;
    drop(room);
    if request.acks == 1 {
        tell_durable_starts(call, &prepared, &mut outcomes);
    }
    Ok((outcomes, if waits { depends.max(lsn) } else { depends }))
}

/// To answers that wait for nothing: the start that a crash cannot take back.
fn tell_durable_starts(call: Call<'_>, prepared: &[Prepared], outcomes: &mut [Outcome]) {
    for (one, outcome) in prepared.iter().zip(outcomes) {
        if let (Some(ready), Outcome::Stored { log_start, .. }) = (one.ready(), outcome)
            && *log_start == NOT_LOOKED_UP
        {
            *log_start = call.node.log.log_start(ready.at);
        }
    }
}

/// One turn at the sequencer.
struct Step<'a> {
    state: &'a State,
    /// acks=all: the answer waits for the disk.
    durable: bool,
    depends: Lsn,
    /// The answer waits for the record that is about to be made.
    waits: bool,
    /// What a slice of the request keeps in memory. The books count batches only, so a request that holds much else must
    /// not be kept for a small one.
    frame_bytes: usize,
}

impl Step<'_> {
    fn decide(&mut self, prepared: &[Prepared], mut body: BytesMut) -> (Vec<Outcome>, Option<Record>) {
        let mut deciding = Deciding::new(self.state);
        let mut outcomes = Vec::with_capacity(prepared.len());
        let mut places = Vec::with_capacity(prepared.len());
        for one in prepared {
            outcomes.push(match one {
                Prepared::Refused(outcome) => outcome.clone(),
                Prepared::Ready(ready) => match deciding.decide(ready.at, &ready.header) {
                    Decision::Append { base_offset } => {
                        batch::patch(&mut body[ready.range.clone()], base_offset, self.state.leader_epoch());
                        places.push((ready, base_offset));
                        self.stored(ready, base_offset, ready.append_time_ms)
                    }
                    Decision::Duplicate { base_offset, lsn, append_time_ms } => {
                        self.depends = self.depends.max(lsn);
                        self.stored(ready, base_offset, ready.append_time_ms.map(|_| append_time_ms))
                    }
                    Decision::Refuse(error) => {
                        self.rests_on(ready);
                        Outcome::refused(error.code, error.message)
                    }
                },
            });
        }
        let kept: usize = places.iter().map(|(ready, _)| ready.header.size).sum();
        let apart = self.frame_bytes > 2 * kept + FRAME_SLACK;
        let body = body.freeze();
        let batch = |range: std::ops::Range<usize>| match apart {
            true => Bytes::copy_from_slice(&body[range]),
            false => body.slice(range),
        };
        let place = |(ready, base_offset): (&Ready, i64)| Append {
            at: ready.at,
            base_offset,
            batch: batch(ready.range.clone()),
        };
        let appends: Vec<Append> = places.into_iter().map(place).collect();
        (outcomes, (!appends.is_empty()).then_some(Record::Appended(appends)))
    }

    /// acks=1 without a producer id waits for nothing, so it says nothing that could be taken back either.
    fn stored(&mut self, ready: &Ready, base_offset: i64, append_time_ms: Option<i64>) -> Outcome {
        let waits = self.durable || ready.header.has_producer();
        let mut log_start = NOT_LOOKED_UP;
        if waits {
            self.waits = true;
            self.rests_on(ready);
            log_start = self.state.partition(ready.at).map_or(NOT_LOOKED_UP, |partition| partition.log_start());
        }
        Outcome::Stored { base_offset, append_time_ms: append_time_ms.unwrap_or(-1), log_start }
    }

    fn rests_on(&mut self, ready: &Ready) {
        // Without the partition, it is the topic's deletion that is told.
        let changed = match self.state.partition(ready.at) {
            Some(partition) => partition.changed(),
            None => self.state.topics_changed(),
        };
        self.depends = self.depends.max(changed);
    }
}
