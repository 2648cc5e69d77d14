//! One look at every partition that a Fetch asks for.

use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn, TopicPartition};

use super::super::{Node, lookup};
use super::request::{FetchRequest, Wanted, WantedName};
use super::response::{Fetched, FetchedTopic};
use crate::log::ReadError;

/// What was found.
pub(super) struct Poll<'a> {
    pub(super) topics: Vec<FetchedTopic<'a>>,
    pub(super) bytes: usize,
    /// There is something to say at once: an error, or nothing was asked.
    pub(super) ready: bool,
    /// Partitions without an error, and the offset from which more would be news.
    pub(super) waiting: Vec<(TopicPartition, i64)>,
    /// What the errors rest on, and answers about topics that may be new.
    pub(super) depends: Lsn,
    left: usize,
}

impl<'a> Poll<'a> {
    /// Reads at most `budget` bytes, or one batch.
    pub(super) fn read(node: &Node, request: &'a FetchRequest, budget: usize) -> Poll<'a> {
        let mut poll = Poll {
            topics: Vec::with_capacity(request.topics.len()),
            bytes: 0,
            ready: request.topics.iter().all(|topic| topic.partitions.is_empty()),
            waiting: Vec::new(),
            depends: Lsn::NONE,
            left: budget,
        };
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|wanted| poll.one(node, &topic.name, wanted)).collect();
            poll.topics.push(FetchedTopic { name: &topic.name, partitions });
        }
        poll
    }

    fn one(&mut self, node: &Node, name: &WantedName, wanted: &Wanted) -> Fetched {
        let found = node.log.view(|state, _| match find(state, name, wanted) {
            Ok(at) => Ok((at, lookup::rests_on(state, &Ok(at)))),
            Err(error) => Err((error, state.topics_changed())),
        });
        match found {
            Ok((at, created)) => self.partition(node, at, wanted, created),
            Err((error, rests_on)) => {
                self.depends = self.depends.max(rests_on);
                self.refused(wanted, error)
            }
        }
    }

    fn partition(&mut self, node: &Node, at: TopicPartition, wanted: &Wanted, created: Lsn) -> Fetched {
        let limit = usize::try_from(wanted.max_bytes).unwrap_or(0).min(self.left);
        let read = || node.log.read(at, wanted.offset, limit, self.bytes == 0);
        let chunk = match node.log.would_touch_disk(at, wanted.offset) {
            true => tokio::task::block_in_place(read),
            false => read(),
        };
        match chunk {
            Ok(chunk) => {
                let fetched = Fetched {
                    partition: wanted.partition,
                    error: ErrorCode::NONE,
                    high_watermark: chunk.high_watermark,
                    log_start: chunk.log_start,
                    batches: chunk.batches,
                };
                // What has durable records was created before them; without any, its topic may not be durable itself.
                if fetched.high_watermark == 0 {
                    self.depends = self.depends.max(created);
                }
                self.bytes += fetched.bytes();
                self.left = self.left.saturating_sub(fetched.bytes());
                self.waiting.push((at, chunk.high_watermark.max(wanted.offset)));
                fetched
            }
            Err(error) => self.refused(wanted, code(&error)),
        }
    }

    fn refused(&mut self, wanted: &Wanted, error: ErrorCode) -> Fetched {
        self.ready = true;
        Fetched::refused(wanted.partition, error)
    }
}

/// Where to read. An offset beyond the log's end is refused; one between the high watermark and the end is not: what is
/// there will be durable in a moment.
fn find(state: &State, name: &WantedName, wanted: &Wanted) -> Result<TopicPartition, ErrorCode> {
    let at = match name {
        WantedName::Name(name) => lookup::by_name(state, name, wanted.partition),
        WantedName::Id(id) => lookup::by_id(state, *id, wanted.partition),
    }?;
    lookup::check_epoch(state, wanted.leader_epoch)?;
    match state.partition(at) {
        Some(partition) if wanted.offset < 0 || wanted.offset > partition.log_end() => {
            Err(ErrorCode::OFFSET_OUT_OF_RANGE)
        }
        _ => Ok(at),
    }
}

fn code(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::BelowStart { .. } => ErrorCode::OFFSET_OUT_OF_RANGE,
        ReadError::Io { .. } | ReadError::Damaged { .. } => {
            tracing::error!(%error, "cannot read a partition");
            ErrorCode::KAFKA_STORAGE_ERROR
        }
    }
}
