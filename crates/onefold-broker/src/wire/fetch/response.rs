//! The response, framed by hand: the fixed fields are written between the stored batches, which are not copied.

use bytes::{BufMut, Bytes, BytesMut};
use onefold_broker_core::ErrorCode;

use super::super::header::Header;
use super::super::reply::{finish, start};
use super::request::WantedName;

pub(super) struct FetchedTopic<'a> {
    pub(super) name: &'a WantedName,
    pub(super) partitions: Vec<Fetched>,
}

pub(super) struct Fetched {
    pub(super) partition: i32,
    pub(super) error: ErrorCode,
    pub(super) high_watermark: i64,
    pub(super) log_start: i64,
    pub(super) batches: Vec<Bytes>,
}

impl Fetched {
    pub(super) fn refused(partition: i32, error: ErrorCode) -> Fetched {
        Fetched { partition, error, high_watermark: -1, log_start: -1, batches: Vec::new() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.batches.iter().map(Bytes::len).sum()
    }
}

/// The frame of a whole response, versions 4 to 18.
pub(super) fn frame(
    header: &Header,
    error: ErrorCode,
    read_committed: bool,
    topics: Vec<FetchedTopic<'_>>,
) -> Vec<Bytes> {
    let partitions: usize = topics.iter().map(|topic| topic.partitions.len()).sum();
    let out = start(header, 32 + topics.len() * 64 + partitions * 72);
    let mut writer = Writer { version: header.version, read_committed, out, done: Vec::new() };
    writer.head(error);
    writer.length(topics.len());
    for topic in topics {
        writer.topic(topic);
    }
    writer.no_tags();
    writer.finish()
}

struct Writer {
    version: i16,
    read_committed: bool,
    out: BytesMut,
    /// Everything before `out`: the head of the frame and the batches written so far.
    done: Vec<Bytes>,
}

impl Writer {
    fn flexible(&self) -> bool {
        self.version >= 12
    }

    fn head(&mut self, error: ErrorCode) {
        self.out.put_i32(0); // throttle time
        if self.version >= 7 {
            self.out.put_i16(error.0);
            self.out.put_i32(0); // session id: none
        }
    }

    fn topic(&mut self, topic: FetchedTopic<'_>) {
        match topic.name {
            WantedName::Name(name) => self.string(name),
            WantedName::Id(id) => self.out.put_slice(id),
        }
        self.length(topic.partitions.len());
        for partition in topic.partitions {
            self.partition(partition);
        }
        self.no_tags();
    }

    fn partition(&mut self, fetched: Fetched) {
        self.out.put_i32(fetched.partition);
        self.out.put_i16(fetched.error.0);
        self.out.put_i64(fetched.high_watermark);
        self.out.put_i64(fetched.high_watermark); // last stable offset: no transaction is ever open
        if self.version >= 5 {
            self.out.put_i64(fetched.log_start);
        }
        match self.read_committed {
            true => self.length(0), // aborted transactions
            false => self.null(),
        }
        if self.version >= 11 {
            self.out.put_i32(-1); // preferred read replica
        }
        self.length(fetched.bytes());
        self.batches(fetched.batches);
        self.no_tags();
    }

    fn batches(&mut self, batches: Vec<Bytes>) {
        if !batches.is_empty() {
            self.done.push(self.out.split().freeze());
            self.done.extend(batches);
        }
    }

    fn string(&mut self, text: &str) {
        match self.flexible() {
            true => self.varint(text.len() as u32 + 1),
            // Came from a request, whose strings are no longer than this.
            false => self.out.put_i16(text.len() as i16),
        }
        self.out.put_slice(text.as_bytes());
    }

    fn length(&mut self, length: usize) {
        match self.flexible() {
            true => self.varint(length as u32 + 1),
            false => self.out.put_i32(length as i32),
        }
    }

    fn null(&mut self) {
        match self.flexible() {
            true => self.varint(0),
            false => self.out.put_i32(-1),
        }
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.put_u8(value as u8);
    }

    fn no_tags(&mut self) {
        if self.flexible() {
            self.out.put_u8(0);
        }
    }

    fn finish(mut self) -> Vec<Bytes> {
        if self.done.is_empty() {
            return finish(self.out, Vec::new());
        }
        // The first piece holds the length field. It is small, so taking it back may copy it.
        let first = BytesMut::from(self.done.remove(0));
        self.done.push(self.out.freeze());
        finish(first, self.done)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Buf;
    use kafka_protocol::messages::{ApiKey, FetchResponse};
    use kafka_protocol::protocol::Decodable;

    use super::*;

    #[test]
    fn the_codec_reads_every_version() {
        for version in 4..=18i16 {
            let header = Header { api: ApiKey::Fetch, version, correlation_id: 5, client_id: None };
            let name = if version <= 12 { WantedName::Name("t".into()) } else { WantedName::Id([9; 16]) };
            let full = Fetched {
                partition: 0,
                error: ErrorCode::NONE,
                high_watermark: 12,
                log_start: 2,
                batches: vec![Bytes::from(vec![7; 300]), Bytes::from_static(b"xy")],
            };
            let empty = Fetched::refused(1, ErrorCode::OFFSET_OUT_OF_RANGE);
            let topic = FetchedTopic { name: &name, partitions: vec![full, empty] };

            let parts = frame(&header, ErrorCode::NONE, version % 2 == 0, vec![topic]);

            assert_eq!(parts.len(), 4, "the batches are parts of their own");
            let mut bytes = Bytes::from(parts.concat());
            assert_eq!(bytes.get_i32() as usize, bytes.len());
            assert_eq!(bytes.get_i32(), 5);
            if version >= 12 {
                assert_eq!(bytes.get_u8(), 0);
            }
            let decoded = FetchResponse::decode(&mut bytes, version).unwrap();
            assert!(bytes.is_empty(), "version {version}");
            let partition = &decoded.responses[0].partitions[0];
            assert_eq!((partition.high_watermark, partition.last_stable_offset), (12, 12));
            assert_eq!(partition.records.as_ref().map(Bytes::len), Some(302));
            assert_eq!(partition.aborted_transactions.is_some(), version % 2 == 0);
            assert_eq!(decoded.responses[0].partitions[1].error_code, 1);
        }
    }
}
