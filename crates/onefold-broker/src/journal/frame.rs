//! One record's frame: what stands before its bytes, and the checksum that ties both to their place.
//!
//! Little endian: magic 4, content length 4, CRC32C 4, LSN 8, start epoch 4, broker time in ms 8, highest LSN known
//! durable 8, then the content. The CRC covers the file's seal (salt and sequence), everything after the CRC, and the length.

use crate::log::{Defect, Planted};
use bytes::Bytes;
use onefold_broker_core::id::Lsn;
use onefold_broker_core::record::Stamp;

/// Starts every frame. Not text, so that it is rare in what people store.
pub(super) const MAGIC: [u8; 4] = [0xF1, 0x0D, 0xC5, 0x9A];
/// Bytes before the content.
pub(super) const HEAD: usize = 40;

/// What a frame's checksum starts from: differs for each file of each broker.
#[derive(Debug, Clone, Copy)]
pub struct Seal {
    crc: u32,
    check: bool,
}

impl Seal {
    /// The seal of the file with this sequence.
    pub fn new(salt: &[u8; 16], sequence: u64, defect: Defect) -> Seal {
        let sequence = if defect.is(Planted::StaleFramesAccepted) { 0 } else { sequence };
        let crc = crc32c::crc32c_append(crc32c::crc32c(salt), &sequence.to_le_bytes());
        Seal { crc, check: !defect.is(Planted::ChecksumIgnored) }
    }

    /// For a file whose seal is lost: frames are taken for what they say.
    pub(super) fn unchecked() -> Seal {
        Seal { crc: 0, check: false }
    }
}

/// A record on its way to a file: its stamp, and its bytes in parts that are written one after another.
#[derive(Debug, Clone)]
pub struct Framed {
    /// What the sequencer gave it.
    pub stamp: Stamp,
    /// The content; the batches in it are slices of what the client sent.
    pub parts: Vec<Bytes>,
}

impl Framed {
    /// The bytes that go before the content in the file with this seal.
    pub(super) fn head(&self, seal: Seal, durable: Lsn) -> [u8; HEAD] {
        let length: usize = self.parts.iter().map(Bytes::len).sum();
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&MAGIC);
        // A record beyond 4 GiB cannot exist: a request frame is far smaller.
        head[4..8].copy_from_slice(&(length as u32).to_le_bytes());
        head[12..20].copy_from_slice(&self.stamp.lsn.0.to_le_bytes());
        head[20..24].copy_from_slice(&self.stamp.start_epoch.to_le_bytes());
        head[24..32].copy_from_slice(&self.stamp.time_ms.to_le_bytes());
        head[32..40].copy_from_slice(&durable.0.to_le_bytes());
        let crc = self.parts.iter().fold(start(seal, &head), |crc, part| crc32c::crc32c_append(crc, part));
        head[8..12].copy_from_slice(&crc.to_le_bytes());
        head
    }

    /// Bytes in the file.
    pub fn length(&self) -> usize {
        HEAD + self.parts.iter().map(Bytes::len).sum::<usize>()
    }
}

/// A frame that was read and whose checksum fits its file. Whether its LSN fits is the reader's to say.
#[derive(Debug, Clone)]
pub struct Frame {
    /// As it was written.
    pub stamp: Stamp,
    /// The highest LSN known durable when it was written.
    pub durable: Lsn,
    /// The record's bytes.
    pub content: Bytes,
}

/// The content length a head claims, when it starts with the magic.
pub(super) fn claimed_length(head: &[u8]) -> Option<usize> {
    let (magic, rest) = head.split_first_chunk::<4>()?;
    let length = rest.first_chunk::<4>()?;
    (*magic == MAGIC).then_some(u32::from_le_bytes(*length) as usize)
}

/// The frame at the start of `bytes`, if all of it is there and its checksum fits the file with this seal.
pub(super) fn decode(seal: Seal, bytes: &Bytes) -> Option<Frame> {
    let length = claimed_length(bytes)?;
    let head = bytes.first_chunk::<HEAD>()?;
    let content = bytes.get(HEAD..HEAD.checked_add(length)?)?;
    let crc = u32::from_le_bytes(field(head, 8));
    if seal.check && crc32c::crc32c_append(start(seal, head), content) != crc {
        return None;
    }
    let stamp = Stamp {
        lsn: Lsn(u64::from_le_bytes(field(head, 12))),
        start_epoch: i32::from_le_bytes(field(head, 20)),
        time_ms: i64::from_le_bytes(field(head, 24)),
    };
    let durable = Lsn(u64::from_le_bytes(field(head, 32)));
    Some(Frame { stamp, durable, content: bytes.slice(HEAD..HEAD + length) })
}

fn start(seal: Seal, head: &[u8; HEAD]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(seal.crc, &head[4..8]), &head[12..])
}

fn field<const N: usize>(head: &[u8; HEAD], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&head[at..at + N]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(seal: Seal) -> Vec<u8> {
        let stamp = Stamp { lsn: Lsn(9), start_epoch: 3, time_ms: 1_700_000_000_000 };
        let framed = Framed { stamp, parts: vec![Bytes::from_static(b"one "), Bytes::from_static(b"record")] };
        let mut bytes = framed.head(seal, Lsn(8)).to_vec();
        framed.parts.iter().for_each(|part| bytes.extend_from_slice(part));
        assert_eq!(bytes.len(), framed.length());
        bytes
    }

    #[test]
    fn a_frame_is_read_back_in_its_own_file_only() {
        let seal = Seal::new(&[5; 16], 2, Defect::default());
        let bytes = Bytes::from(written(seal));
        let frame = decode(seal, &bytes).expect("the frame");
        assert_eq!((frame.stamp.lsn, frame.durable, &frame.content[..]), (Lsn(9), Lsn(8), &b"one record"[..]));
        assert!(decode(Seal::new(&[5; 16], 3, Defect::default()), &bytes).is_none(), "another sequence");
        assert!(decode(Seal::new(&[6; 16], 2, Defect::default()), &bytes).is_none(), "another broker");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let seal = Seal::new(&[5; 16], 2, Defect::default());
        let whole = written(seal);
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(seal, &Bytes::from(bytes)).is_none(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(decode(seal, &Bytes::from(whole[..length].to_vec())).is_none(), "cut to {length}");
        }
    }
}
