//! The segments of one partition as a checkpoint names them.

use crate::segment::Segment;
use bytes::{Buf, BufMut};
use onefold_broker_core::{TopicId, TopicPartition};

/// One partition's segments: what of each file counts.
#[derive(Debug, Clone)]
pub struct PartitionSegments {
    /// Whose they are.
    pub at: TopicPartition,
    /// By offset. The file is at least so long; what follows in it does not count.
    pub segments: Vec<Segment>,
}

const FIXED: usize = 16 + 4 + 4;
const SEGMENT: usize = 8 + 8 + 8 + 1 + 8 + 8;

impl PartitionSegments {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.put_slice(&self.at.topic.0);
        out.put_i32_le(self.at.partition);
        out.put_u32_le(self.segments.len() as u32);
        for segment in &self.segments {
            let (time, offset) = segment.newest.unwrap_or_default();
            out.put_i64_le(segment.base_offset);
            out.put_i64_le(segment.end_offset);
            out.put_u64_le(segment.bytes);
            out.put_u8(u8::from(segment.newest.is_some()));
            out.put_i64_le(time);
            out.put_i64_le(offset);
        }
    }

    /// None where the bytes end too early.
    pub(super) fn take(from: &mut impl Buf) -> Option<PartitionSegments> {
        if from.remaining() < FIXED {
            return None;
        }
        let mut topic = [0; 16];
        from.copy_to_slice(&mut topic);
        let at = TopicPartition::new(TopicId(topic), from.get_i32_le());
        let count = from.get_u32_le() as usize;
        // Checked before anything is allocated for it.
        if from.remaining() / SEGMENT < count {
            return None;
        }
        let segments = (0..count).map(|_| take_segment(from)).collect();
        Some(PartitionSegments { at, segments })
    }
}

fn take_segment(from: &mut impl Buf) -> Segment {
    let (base_offset, end_offset, bytes) = (from.get_i64_le(), from.get_i64_le(), from.get_u64_le());
    let has_records = from.get_u8() != 0;
    let newest = (from.get_i64_le(), from.get_i64_le());
    Segment { base_offset, end_offset, bytes, newest: has_records.then_some(newest), index: None }
}
