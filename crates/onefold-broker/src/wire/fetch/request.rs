//! The request, parsed by hand: it comes with every poll of every consumer.

use std::collections::{HashMap, HashSet};

use super::super::Malformed;
use super::super::reader::Reader;

/// More partitions than this in one request are refused; see `shape::MOST_ELEMENTS`.
const MOST_PARTITIONS: usize = 100_000;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct FetchRequest {
    pub(super) max_wait_ms: i32,
    pub(super) min_bytes: i32,
    pub(super) max_bytes: i32,
    pub(super) read_committed: bool,
    /// Above 0: the request refers to a session. This broker opens none.
    pub(super) session_epoch: i32,
    pub(super) topics: Vec<WantedTopic>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct WantedTopic {
    pub(super) name: WantedName,
    pub(super) partitions: Vec<Wanted>,
}

/// Up to version 12 by name, from 13 on by id.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum WantedName {
    Name(String),
    Id([u8; 16]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) partition: i32,
    /// -1 where the client does not know it.
    pub(super) leader_epoch: i32,
    pub(super) offset: i64,
    pub(super) max_bytes: i32,
}

impl FetchRequest {
    /// Versions 4 to 18. Followers' fields, the rack and forgotten topics are read over: they belong to features this
    /// broker does not have.
    pub(super) fn parse(body: &[u8], version: i16) -> Result<FetchRequest, Malformed> {
        let mut reader = Reader::new(body, version >= 12);
        if version <= 14 {
            reader.i32()?; // replica id
        }
        let max_wait_ms = reader.i32()?;
        let min_bytes = reader.i32()?;
        let max_bytes = reader.i32()?;
        let read_committed = reader.i8()? == 1;
        let mut session_epoch = -1;
        if version >= 7 {
            reader.i32()?; // session id
            session_epoch = reader.i32()?;
        }
        let mut topics = topics(&mut reader, version)?;
        once_each(&mut topics);
        // What follows (forgotten topics, rack id, tagged fields) cannot change the answer of a broker without sessions.
        Ok(FetchRequest { max_wait_ms, min_bytes, max_bytes, read_committed, session_epoch, topics })
    }
}

fn topics(reader: &mut Reader<'_>, version: i16) -> Result<Vec<WantedTopic>, Malformed> {
    let mut topics = Vec::new();
    let mut partitions = 0;
    for _ in 0..reader.count(3)? {
        let name = match version {
            ..=12 => WantedName::Name(reader.string()?.ok_or(Malformed("a topic has no name"))?.to_owned()),
            _ => WantedName::Id(reader.uuid()?),
        };
        let mut wanted = Vec::new();
        for _ in 0..reader.count(16)? {
            wanted.push(one(reader, version)?);
        }
        reader.skip_tags()?;
        partitions += 1 + wanted.len();
        if partitions > MOST_PARTITIONS {
            return Err(Malformed("a Fetch names more than 100000 partitions"));
        }
        topics.push(WantedTopic { name, partitions: wanted });
    }
    Ok(topics)
}

/// A partition that is named again gets no second answer: it could repeat the same batches without end.
fn once_each(topics: &mut [WantedTopic]) {
    if topics.iter().map(|topic| topic.partitions.len()).sum::<usize>() < 2 {
        return;
    }
    // A name is hashed once for its topic, not for each of its partitions: both can be many bytes.
    let mut seen: HashMap<&WantedName, HashSet<i32>> = HashMap::new();
    for WantedTopic { name, partitions } in topics {
        let seen = seen.entry(name).or_default();
        partitions.retain(|wanted| seen.insert(wanted.partition));
    }
}

fn one(reader: &mut Reader<'_>, version: i16) -> Result<Wanted, Malformed> {
    let partition = reader.i32()?;
    let leader_epoch = if version >= 9 { reader.i32()? } else { -1 };
    let offset = reader.i64()?;
    if version >= 12 {
        reader.i32()?; // last fetched epoch: followers only
    }
    if version >= 5 {
        reader.i64()?; // log start offset: followers only
    }
    let max_bytes = reader.i32()?;
    reader.skip_tags()?;
    Ok(Wanted { partition, leader_epoch, offset, max_bytes })
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
    use kafka_protocol::messages::{self, TopicName};
    use kafka_protocol::protocol::{Encodable, StrBytes};

    use super::*;

    #[test]
    fn every_version_reads_what_the_codec_writes() {
        for version in 4..=18 {
            let partition = FetchPartition::default()
                .with_partition(3)
                .with_current_leader_epoch(if version >= 9 { 7 } else { -1 })
                .with_fetch_offset(1 << 40)
                .with_partition_max_bytes(99);
            let mut topic = FetchTopic::default().with_partitions(vec![partition]);
            match version {
                ..=12 => topic.topic = TopicName(StrBytes::from_static_str("t")),
                _ => topic.topic_id = uuid::Uuid::from_bytes([9; 16]),
            }
            let request = messages::FetchRequest::default()
                .with_max_wait_ms(500)
                .with_min_bytes(1)
                .with_max_bytes(4096)
                .with_isolation_level(1)
                .with_session_epoch(if version >= 7 { 4 } else { -1 })
                .with_topics(vec![topic]);
            let mut bytes = BytesMut::new();
            request.encode(&mut bytes, version).unwrap();

            let parsed = FetchRequest::parse(&bytes, version).unwrap();

            let leader_epoch = if version >= 9 { 7 } else { -1 };
            let name = if version <= 12 { WantedName::Name("t".into()) } else { WantedName::Id([9; 16]) };
            let wanted = Wanted { partition: 3, leader_epoch, offset: 1 << 40, max_bytes: 99 };
            assert_eq!(parsed.topics, [WantedTopic { name, partitions: vec![wanted] }], "version {version}");
            assert_eq!((parsed.max_wait_ms, parsed.min_bytes, parsed.max_bytes), (500, 1, 4096));
            assert_eq!((parsed.read_committed, parsed.session_epoch), (true, if version >= 7 { 4 } else { -1 }));
            for cut in 0..bytes.len() {
                let _ = FetchRequest::parse(&bytes[..cut], version); // no cut may panic
            }
        }
    }
}
