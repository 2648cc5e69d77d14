//! Everything about a batch that needs no place in the log yet: its topic, its limits, its checksum, its records. Done
//! outside the sequencer, since it reads every byte.

use std::ops::Range;

use bytes::BytesMut;
use onefold_broker_core::batch::{self, Header, Limits, Timestamps};
use onefold_broker_core::{ErrorCode, Lsn, TopicPartition};

use super::super::node::Node;
use super::super::refusal::Refusal;
use super::super::{Call, lookup};
use super::Outcome;
use super::request::{ProduceRequest, ProducedName};

/// Compression came to zstd with this version (KIP-110).
const ZSTD_SINCE: i16 = 7;
/// From this size on, what a compressed batch may unfold to takes long enough to give this thread's other tasks to another.
const LONG_TO_UNFOLD: usize = 16 << 10;

/// One partition of the request, checked.
pub(super) enum Prepared {
    Ready(Ready),
    Refused(Outcome),
}

pub(super) struct Ready {
    pub(super) at: TopicPartition,
    pub(super) header: Header,
    /// Where the batch lies in the body.
    pub(super) range: Range<usize>,
    /// Set in the batch, where the topic's timestamps are the broker's.
    pub(super) append_time_ms: Option<i64>,
}

impl Prepared {
    pub(super) fn ready(&self) -> Option<&Ready> {
        match self {
            Prepared::Ready(ready) => Some(ready),
            Prepared::Refused(_) => None,
        }
    }

    /// Refuses it too, where nothing has refused it before.
    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        if let Prepared::Ready(_) = self {
            *self = Prepared::Refused(Outcome::Refused { refusal: refusal.clone(), records: Vec::new() });
        }
    }
}

/// Checks every partition of the request. The LSN is what its topics' being there, or not, rests on.
pub(super) fn prepare(call: Call<'_>, request: &ProduceRequest, body: &mut BytesMut) -> (Vec<Prepared>, Lsn) {
    let (found, seen) = find_all(call.node, request, call.header.version >= ZSTD_SINCE);
    let takes_long = takes_long(request, body);
    let mut check_all = || {
        let records = request.topics.iter().flat_map(|topic| &topic.partitions).map(|one| one.records.clone());
        let one = |(found, records): (&Found, _)| match found {
            Ok((at, limits)) => check(*at, limits, records, body),
            Err(code) => Prepared::Refused(Outcome::refused(*code, "this server does not host this topic-partition")),
        };
        found.iter().zip(records).map(one).collect()
    };
    let prepared = match takes_long {
        true => tokio::task::block_in_place(&mut check_all),
        false => check_all(),
    };
    (prepared, seen)
}

type Found = Result<(TopicPartition, Limits), ErrorCode>;

fn find_all(node: &Node, request: &ProduceRequest, zstd_allowed: bool) -> (Vec<Found>, Lsn) {
    node.log.view(|state, now| {
        let mut seen = Lsn::NONE;
        let mut find = |name: &ProducedName, partition| {
            let at = match name {
                ProducedName::Name(name) => lookup::by_name(state, name, partition),
                ProducedName::Id(id) => lookup::by_id(state, *id, partition),
            };
            seen = seen.max(lookup::rests_on(state, &at));
            let at = at?;
            let topic = state.topic_by_id(at.topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
            Ok((at, Limits { zstd_allowed, ..node.limits(&topic.settings, now.time_ms) }))
        };
        let all = request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |one| (&topic.name, one)));
        let found = all.map(|(name, one)| find(name, one.partition)).collect();
        (found, seen)
    })
}

fn check(at: TopicPartition, limits: &Limits, records: Option<Range<usize>>, body: &mut BytesMut) -> Prepared {
    let Some(range) = records else {
        return Prepared::Refused(Outcome::refused(ErrorCode::INVALID_RECORD, "a partition without records"));
    };
    match batch::accept(&mut body[range.clone()], limits) {
        Ok(header) => {
            let append_time_ms = match limits.timestamps {
                Timestamps::Append { now_ms } => Some(now_ms),
                Timestamps::Create { .. } => None,
            };
            Prepared::Ready(Ready { at, header, range, append_time_ms })
        }
        Err(error) => {
            let refusal = Refusal::new(error.code, error.message);
            Prepared::Refused(Outcome::Refused { refusal, records: error.records })
        }
    }
}

fn takes_long(request: &ProduceRequest, body: &BytesMut) -> bool {
    let ranges = request.topics.iter().flat_map(|topic| &topic.partitions).filter_map(|one| one.records.clone());
    let is_compressed = |range: &Range<usize>| match Header::parse(&body[range.clone()]) {
        Ok(header) => header.codec() != Some(batch::Codec::None),
        Err(_) => false,
    };
    ranges.filter(is_compressed).map(|range| range.len()).sum::<usize>() > LONG_TO_UNFOLD
}
