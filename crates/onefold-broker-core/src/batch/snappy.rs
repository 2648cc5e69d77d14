//! Snappy in both forms that clients send: one raw block (librdkafka), or the blocks of the Java library's stream.

use std::io::{Error, ErrorKind, Read, Result};

/// In front of the Java library's stream, followed by two version numbers of four bytes.
const STREAM_MAGIC: &[u8] = b"\x82SNAPPY\0";
const STREAM_HEADER_BYTES: usize = 16;

/// The most that snappy can make of one byte: its densest element copies 64 bytes and takes three.
const MOST_OUT_OF_ONE_BYTE: usize = 22;

/// Decompresses block by block. One block is held at a time, as large as its bytes can truly become and never as it claims.
pub(super) struct SnappyBlocks<'a> {
    rest: &'a [u8],
    is_stream: bool,
    limit: u64,
    block: Vec<u8>,
    next: usize,
}

impl<'a> SnappyBlocks<'a> {
    pub(super) fn new(bytes: &'a [u8], limit: u64) -> Self {
        let is_stream = bytes.starts_with(STREAM_MAGIC) && bytes.len() >= STREAM_HEADER_BYTES;
        let rest = if is_stream { &bytes[STREAM_HEADER_BYTES..] } else { bytes };
        SnappyBlocks { rest, is_stream, limit, block: Vec::new(), next: 0 }
    }

    /// The next block's compressed bytes; none at the end.
    fn take_block(&mut self) -> Result<Option<&'a [u8]>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if !self.is_stream {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(Some(block))
    }

    fn inflate(&mut self, compressed: &[u8]) -> Result<()> {
        let claimed = snap::raw::decompress_len(compressed).map_err(|_| damaged())?;
        if claimed > compressed.len().saturating_mul(MOST_OUT_OF_ONE_BYTE) {
            return Err(damaged());
        }
        if claimed as u64 > self.limit {
            return Err(Error::from(ErrorKind::FileTooLarge));
        }
        self.block.resize(claimed, 0);
        let inflated = snap::raw::Decoder::new().decompress(compressed, &mut self.block).map_err(|_| damaged())?;
        self.block.truncate(inflated);
        Ok(())
    }
}

impl Read for SnappyBlocks<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        // A block may be empty; only the end of the bytes is the end.
        while self.next == self.block.len() {
            let Some(compressed) = self.take_block()? else { return Ok(0) };
            self.next = 0;
            self.inflate(compressed)?;
        }
        let ready = &self.block[self.next..];
        let count = ready.len().min(out.len());
        out[..count].copy_from_slice(&ready[..count]);
        self.next += count;
        Ok(count)
    }
}

fn damaged() -> Error {
    Error::from(ErrorKind::InvalidData)
}
