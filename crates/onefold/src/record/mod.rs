//! One record of a topic, as the log holds it: bytes and where they stand, nothing interpreted.

mod headers;

use std::sync::Arc;

use bytes::Bytes;

pub(crate) use headers::{HeaderSource, Headers};

pub use onefold_core::identity::TopicId;

/// A record of a topic. Cloning is cheap: every byte string is shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub topic: Arc<str>,
    /// The topic's id, where the cluster tells one (all zero otherwise). A topic made again has another.
    pub topic_id: TopicId,
    pub partition: i32,
    pub offset: i64,
    /// The epoch of the leader that wrote the record, where the record's batch carries one.
    pub leader_epoch: Option<i32>,
    /// Milliseconds since 1970, by the clock of the producer or of the broker, as the topic is configured.
    pub timestamp_ms: Option<i64>,
    pub key: Option<Bytes>,
    /// `None` is a tombstone.
    pub value: Option<Bytes>,
    pub(crate) headers: Headers,
}

/// A header of a record. Names are bytes: nothing keeps a producer from sending other than UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: Bytes,
    pub value: Option<Bytes>,
}

impl Record {
    /// A record that no log holds yet, for tests and for producing.
    pub fn new(topic: &str, key: Option<&[u8]>, value: Option<&[u8]>) -> Record {
        Record {
            topic: topic.into(),
            topic_id: TopicId::UNKNOWN,
            partition: 0,
            offset: 0,
            leader_epoch: None,
            timestamp_ms: None,
            key: key.map(Bytes::copy_from_slice),
            value: value.map(Bytes::copy_from_slice),
            headers: Headers::default(),
        }
    }

    /// The headers, in order.
    pub fn headers(&self) -> &[Header] {
        self.headers.get()
    }

    /// Other headers in place of those that are there, which are returned.
    pub fn replace_headers(&mut self, headers: Vec<Header>) -> Vec<Header> {
        let old = self.headers.take();
        self.headers = headers.into();
        old
    }

    /// The same record with one more header.
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Record {
        self.push_header(Header::new(name, value));
        self
    }

    /// Adds a header at the end.
    pub fn push_header(&mut self, header: Header) {
        let mut headers = self.headers.take();
        headers.push(header);
        self.headers = headers.into();
    }

    /// The value of the last header of this name: later ones replace earlier ones.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers().iter().rev().find(|header| header.name == name.as_bytes())?.value.as_ref()
    }

    /// The value's bytes; empty for a tombstone.
    pub fn payload(&self) -> &[u8] {
        self.value.as_deref().unwrap_or_default()
    }

    /// The same record with bytes of its own. Records of one fetch share an arena; one that waits for long
    /// must not keep all of it in memory.
    pub fn detach(&mut self) {
        let own = |bytes: &Bytes| Bytes::copy_from_slice(bytes);
        self.key = self.key.as_ref().map(own);
        self.value = self.value.as_ref().map(own);
        let headers = self.headers.take().iter().map(Header::detached).collect::<Vec<_>>();
        self.headers = headers.into();
    }

    /// Nothing is left of what it held.
    pub(crate) fn clear(&mut self) {
        (self.key, self.value, self.headers) = (None, None, Headers::default());
    }

    /// Bytes that this record keeps in memory, for budgets.
    pub fn size_bytes(&self) -> usize {
        let header = |header: &Header| header.name.len() + header.value.as_ref().map_or(0, Bytes::len);
        self.payload().len()
            + self.key.as_ref().map_or(0, Bytes::len)
            + self.headers().iter().map(header).sum::<usize>()
    }
}

impl Header {
    fn detached(&self) -> Header {
        let own = |bytes: &Bytes| Bytes::copy_from_slice(bytes);
        Header { name: own(&self.name), value: self.value.as_ref().map(own) }
    }

    pub fn new(name: &str, value: impl AsRef<[u8]>) -> Header {
        Header { name: Bytes::copy_from_slice(name.as_bytes()), value: Some(Bytes::copy_from_slice(value.as_ref())) }
    }
}
