//! Compressed records, a piece at a time.
//!
//! No claimed size is believed: memory is one buffer and the decompressor's own window, time ends at
//! the limit given. Nothing here does IO: all of these read from the batch in memory.

use std::io::{Error, ErrorKind, Read};

use super::snappy::SnappyBlocks;
use super::varint::{ENDS_EARLY, Source};
use super::{BatchError, Codec};
use crate::error::ErrorCode;

const BUFFER_BYTES: usize = 32 * 1024;

/// The largest window Kafka's own clients can ask for (level 22). Its memory is touched only as far as bytes come out.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Something that reads through a batch's records.
pub(super) trait Reading {
    type Found;
    fn through<S: Source>(self, source: &mut S) -> Result<Self::Found, BatchError>;
}

/// Reads through the records behind `codec`, of which at most `limit` bytes come out.
pub(super) fn through<R: Reading>(
    codec: Codec,
    records: &[u8],
    limit: u64,
    reading: R,
) -> Result<R::Found, BatchError> {
    match codec {
        Codec::None => reading.through(&mut super::varint::Slice::new(records)),
        Codec::Gzip => inflated(flate2::bufread::MultiGzDecoder::new(records), limit, reading),
        Codec::Snappy => inflated(SnappyBlocks::new(records, limit), limit, reading),
        Codec::Lz4 => inflated(lz4_flex::frame::FrameDecoder::new(records), limit, reading),
        Codec::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(records).map_err(|_| NOT_DECOMPRESSED)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|_| NOT_DECOMPRESSED)?;
            inflated(decoder, limit, reading)
        }
    }
}

fn inflated<R: Reading>(inflating: impl Read, limit: u64, reading: R) -> Result<R::Found, BatchError> {
    reading.through(&mut Inflated::new(inflating, limit))
}

/// What comes out of a decompressor, with a window on it.
struct Inflated<R> {
    inflating: R,
    buffer: Box<[u8]>,
    next: usize,
    filled: usize,
    /// Bytes that came out before those in the buffer.
    before: u64,
    limit: u64,
}

impl<R: Read> Inflated<R> {
    fn new(inflating: R, limit: u64) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Inflated { inflating, buffer, next: 0, filled: 0, before: 0, limit }
    }

    /// Fills the empty buffer; false at the end.
    #[cold]
    fn fill(&mut self) -> Result<bool, BatchError> {
        self.before += self.filled as u64;
        (self.next, self.filled) = (0, 0);
        self.filled = self.inflating.read(&mut self.buffer).map_err(|wrong| refusal(&wrong))?;
        match self.before + self.filled as u64 > self.limit {
            true => Err(TOO_LARGE),
            false => Ok(self.filled > 0),
        }
    }
}

impl<R: Read> Source for Inflated<R> {
    #[inline]
    fn byte(&mut self) -> Result<u8, BatchError> {
        if self.next == self.filled && !self.fill()? {
            return Err(ENDS_EARLY);
        }
        let byte = self.buffer[self.next];
        self.next += 1;
        Ok(byte)
    }

    #[inline]
    fn skip(&mut self, mut count: usize) -> Result<(), BatchError> {
        while count > self.filled - self.next {
            count -= self.filled - self.next;
            self.next = self.filled;
            if !self.fill()? {
                return Err(ENDS_EARLY);
            }
        }
        self.next += count;
        Ok(())
    }

    #[inline]
    fn taken(&self) -> u64 {
        self.before + self.next as u64
    }

    fn at_end(&mut self) -> Result<bool, BatchError> {
        Ok(self.next == self.filled && !self.fill()?)
    }
}

fn refusal(wrong: &Error) -> BatchError {
    match wrong.kind() {
        ErrorKind::FileTooLarge => TOO_LARGE,
        _ => NOT_DECOMPRESSED,
    }
}

// The checksum held, so these bytes are what the client sent: sending them again would not help.
const NOT_DECOMPRESSED: BatchError = BatchError::invalid("the records cannot be decompressed");

// The code on which clients split a batch.
const TOO_LARGE: BatchError =
    BatchError::new(ErrorCode::MESSAGE_TOO_LARGE, "the records are too large when decompressed");
