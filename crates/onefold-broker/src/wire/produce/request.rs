//! The request, parsed by hand and in place: batches stay where they were received.

use std::ops::Range;

use super::super::Malformed;
use super::super::reader::Reader;

/// More partitions than this in one request are refused; see `shape::MOST_ELEMENTS`.
const MOST_PARTITIONS: usize = 100_000;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProduceRequest {
    pub(super) transactional: bool,
    pub(super) acks: i16,
    pub(super) topics: Vec<ProducedTopic>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProducedTopic {
    pub(super) name: ProducedName,
    pub(super) partitions: Vec<Produced>,
}

/// Up to version 12 by name, from 13 on by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProducedName {
    Name(String),
    Id([u8; 16]),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Produced {
    pub(super) partition: i32,
    /// Where the records lie in the body; null is no records.
    pub(super) records: Option<Range<usize>>,
}

impl ProduceRequest {
    /// Versions 0 to 13 (0 to 2 only so that they can be refused partition by partition).
    pub(super) fn parse(body: &[u8], version: i16) -> Result<ProduceRequest, Malformed> {
        let mut reader = Reader::new(body, version >= 9);
        let transactional = version >= 3 && reader.string()?.is_some();
        let acks = reader.i16()?;
        reader.i32()?; // timeout: see the header of this API
        let mut topics = Vec::new();
        let mut partitions = 0;
        for _ in 0..reader.count(3)? {
            let topic = topic(&mut reader, version)?;
            partitions += 1 + topic.partitions.len();
            if partitions > MOST_PARTITIONS {
                return Err(Malformed("a Produce names more than 100000 partitions"));
            }
            topics.push(topic);
        }
        reader.skip_tags()?;
        Ok(ProduceRequest { transactional, acks, topics })
    }
}

fn topic(reader: &mut Reader<'_>, version: i16) -> Result<ProducedTopic, Malformed> {
    let name = match version {
        ..=12 => ProducedName::Name(reader.string()?.ok_or(Malformed("a topic has no name"))?.to_owned()),
        _ => ProducedName::Id(reader.uuid()?),
    };
    let mut partitions = Vec::new();
    for _ in 0..reader.count(5)? {
        let partition = reader.i32()?;
        let records = match reader.length()? {
            None => None,
            Some(length) => {
                let from = reader.at();
                reader.take(length)?;
                Some(from..from + length)
            }
        };
        reader.skip_tags()?;
        partitions.push(Produced { partition, records });
        if partitions.len() > MOST_PARTITIONS {
            return Err(Malformed("a Produce names more than 100000 partitions"));
        }
    }
    reader.skip_tags()?;
    Ok(ProducedTopic { name, partitions })
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
    use kafka_protocol::messages::{self, TopicName};
    use kafka_protocol::protocol::{Encodable, StrBytes};

    use super::*;

    #[test]
    fn every_version_reads_what_the_codec_writes() {
        for version in 3..=13 {
            let partitions = vec![
                PartitionProduceData::default().with_index(2).with_records(Some(Bytes::from_static(b"batch"))),
                PartitionProduceData::default().with_index(5).with_records(None),
            ];
            let mut topic = TopicProduceData::default().with_partition_data(partitions);
            match version {
                ..=12 => topic.name = TopicName(StrBytes::from_static_str("t")),
                _ => topic.topic_id = uuid::Uuid::from_bytes([9; 16]),
            }
            let request = messages::ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic]);
            let mut bytes = BytesMut::new();
            request.encode(&mut bytes, version).unwrap();

            let parsed = ProduceRequest::parse(&bytes, version).unwrap();

            assert_eq!((parsed.transactional, parsed.acks), (false, -1), "version {version}");
            let [first, second] = &parsed.topics[0].partitions[..] else { panic!("{parsed:?}") };
            assert_eq!(&bytes[first.records.clone().unwrap()], b"batch");
            assert_eq!((second.partition, &second.records), (5, &None));
            for cut in 0..bytes.len() {
                assert!(ProduceRequest::parse(&bytes[..cut], version).is_err(), "version {version} cut at {cut}");
            }
        }
    }
}
