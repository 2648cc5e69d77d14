//! The first block of a journal file: whose it is, which one it is, where it begins.

use super::{BLOCK, Identity};
use onefold_broker_core::id::Lsn;

const MAGIC: [u8; 8] = *b"1FJRNL\r\n";
/// Raised whenever a file of the new format would be read wrongly by the old code.
pub const FORMAT_VERSION: u32 = 1;
const LENGTH: usize = 72;

/// A file that has one is *started*: everything below `first` is durable, in this file or in an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whose journal this is.
    pub identity: Identity,
    /// Equal to the sequence in the file's name; an old name's header in a recycled file does not count.
    pub sequence: u64,
    /// The LSN of the first record. Records from here on in earlier files are superseded.
    pub first: Lsn,
    /// The highest LSN known durable when the header was written.
    pub durable: Lsn,
}

/// Why bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderError {
    /// Never written, torn, damaged, or the header of the file's earlier life.
    NotStarted,
    /// Whole, but of a format that this build does not read.
    Version(u32),
}

impl Header {
    /// The header as the whole block that a file starts with.
    pub fn encode(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(BLOCK as usize);
        block.extend_from_slice(&MAGIC);
        block.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        block.extend_from_slice(&self.identity.cluster_id);
        block.extend_from_slice(&self.identity.salt);
        block.extend_from_slice(&self.sequence.to_le_bytes());
        block.extend_from_slice(&self.first.0.to_le_bytes());
        block.extend_from_slice(&self.durable.0.to_le_bytes());
        let crc = crc32c::crc32c(&block);
        block.extend_from_slice(&crc.to_le_bytes());
        debug_assert_eq!(block.len(), LENGTH);
        block.resize(BLOCK as usize, 0);
        block
    }

    /// Reads the header of the file whose name says `sequence`.
    pub fn decode(block: &[u8], sequence: u64) -> Result<Header, HeaderError> {
        let (body, rest) = block.split_at_checked(LENGTH - 4).ok_or(HeaderError::NotStarted)?;
        let crc = rest.first_chunk::<4>().ok_or(HeaderError::NotStarted)?;
        if body[..8] != MAGIC || crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return Err(HeaderError::NotStarted);
        }
        let version = u32::from_le_bytes(take(body, 8));
        if version != FORMAT_VERSION {
            return Err(HeaderError::Version(version));
        }
        let header = Header {
            identity: Identity { cluster_id: take(body, 12), salt: take(body, 28) },
            sequence: u64::from_le_bytes(take(body, 44)),
            first: Lsn(u64::from_le_bytes(take(body, 52))),
            durable: Lsn(u64::from_le_bytes(take(body, 60))),
        };
        if header.sequence == sequence { Ok(header) } else { Err(HeaderError::NotStarted) }
    }
}

/// `N` bytes at `at` of a body whose length was checked.
fn take<const N: usize>(body: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&body[at..at + N]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let identity = Identity { cluster_id: [1; 16], salt: [2; 16] };
        Header { identity, sequence: 7, first: Lsn(100), durable: Lsn(99) }
    }

    #[test]
    fn a_header_counts_only_in_the_file_of_its_sequence() {
        let block = header().encode();
        assert_eq!(Header::decode(&block, 7), Ok(header()));
        assert_eq!(Header::decode(&block, 8), Err(HeaderError::NotStarted));
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_noticed() {
        for bit in 0..LENGTH * 8 {
            let mut block = header().encode();
            block[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&block, 7), Err(HeaderError::NotStarted), "bit {bit}");
        }
        assert_eq!(Header::decode(&header().encode()[..20], 7), Err(HeaderError::NotStarted));
    }
}
