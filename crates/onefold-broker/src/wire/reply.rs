//! Answers on their way out.

use std::future::Future;
use std::pin::Pin;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::Encodable;
use onefold_broker_core::Lsn;

use super::{Fault, header::Header};
use crate::server::Held;

/// What a request leads to.
pub(crate) enum Answer {
    /// acks=0: the protocol has no answer to it.
    Nothing,
    Now(Reply),
    /// Long polls and rebalances. Computed only when all earlier answers have been written.
    Later {
        reply: Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send>>,
        /// Bytes of the request that the answer keeps until it is computed.
        keeps: usize,
    },
}

impl Answer {
    /// Bytes that the answer holds until it is written, as far as they are known: of itself, or of its request.
    pub(crate) fn size(&self) -> usize {
        match self {
            Answer::Now(reply) => reply.parts.iter().map(Bytes::len).sum(),
            Answer::Later { keeps, .. } => *keeps,
            Answer::Nothing => 0,
        }
    }
}

/// A framed response. It may leave when the journal is durable up to `depends`.
pub(crate) struct Reply {
    pub(crate) depends: Lsn,
    /// Written one after the other; the first starts with the frame's length.
    pub(crate) parts: Vec<Bytes>,
    /// A share of the memory budget that the parts use until they are written.
    pub(crate) held: Held,
}

impl Reply {
    /// Encodes a response of the codec.
    pub(super) fn encode<R: Encodable>(header: &Header, body: &R, depends: Lsn) -> Result<Reply, Fault> {
        let fault = |error: String| Fault::Codec { api: header.api, version: header.version, error };
        let size = body.compute_size(header.version).map_err(|error| fault(error.to_string()))?;
        let mut out = start(header, size);
        body.encode(&mut out, header.version).map_err(|error| fault(error.to_string()))?;
        Ok(Reply { depends, parts: finish(out, Vec::new()), held: Held::default() })
    }
}

/// A buffer with room for the length and the response header already in it.
pub(super) fn start(header: &Header, body: usize) -> BytesMut {
    let mut out = BytesMut::with_capacity(body + 9);
    out.put_i32(0);
    out.put_i32(header.correlation_id);
    // ApiVersions answers with header version 0 always: the client does not know yet what the broker understands.
    if header.api != ApiKey::ApiVersions && header.api.response_header_version(header.version) >= 1 {
        out.put_u8(0);
    }
    out
}

/// Sets the length of a frame that starts with `head`.
pub(super) fn finish(mut head: BytesMut, rest: Vec<Bytes>) -> Vec<Bytes> {
    let length = head.len() - 4 + rest.iter().map(Bytes::len).sum::<usize>();
    // Answers are bounded far below 2 GiB: Fetch and DescribeProducers by their budget, the others by what one request can name.
    head[..4].copy_from_slice(&(length as u32).to_be_bytes());
    let mut parts = Vec::with_capacity(1 + rest.len());
    parts.push(head.freeze());
    parts.extend(rest);
    parts
}
