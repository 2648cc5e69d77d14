//! One partition's segments by offset: what is where. No IO.

use super::Index;
use onefold_broker_core::batch::Header;
use std::sync::Arc;

/// One file of batches.
#[derive(Debug, Clone)]
pub struct Segment {
    /// The offset it begins at, and its name.
    pub base_offset: i64,
    /// The offset after its last record.
    pub end_offset: i64,
    /// Bytes of whole batches in it. The file may be longer for what a crash left; that is never read.
    pub bytes: u64,
    /// The greatest timestamp in it, and the base offset of the first batch that has it; none while it is empty.
    pub newest: Option<(i64, i64)>,
    /// None until it is needed, for a segment of an earlier start.
    pub index: Option<Arc<Index>>,
}

/// A partition's segments. The last one is appended to, until it is closed.
#[derive(Debug, Clone, Default)]
pub struct SegmentList {
    segments: Vec<Segment>,
    /// Nothing is appended to the last one any more.
    closed: bool,
}

impl Segment {
    /// An empty one.
    pub fn new(base_offset: i64) -> Segment {
        let index = Some(Arc::new(Index::default()));
        Segment { base_offset, end_offset: base_offset, bytes: 0, newest: None, index }
    }

    fn add(&mut self, header: &Header) {
        // Whoever holds the index for a read keeps the one it has: it is right for what it covers.
        if let Some(index) = &mut self.index {
            Arc::make_mut(index).add(header);
        }
        if self.newest.is_none_or(|(time, _)| header.max_timestamp_ms > time) {
            self.newest = Some((header.max_timestamp_ms, header.base_offset));
        }
        self.bytes += header.size as u64;
        self.end_offset = header.last_offset().saturating_add(1);
    }
}

impl SegmentList {
    /// As a checkpoint says.
    pub fn restored(segments: Vec<Segment>) -> SegmentList {
        SegmentList { segments, closed: false }
    }

    /// Of all of them together.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// All of them, by offset.
    pub fn all(&self) -> &[Segment] {
        &self.segments
    }

    /// The offset that the next batch has here, at least.
    pub fn end_offset(&self) -> i64 {
        self.segments.last().map_or(0, |segment| segment.end_offset)
    }

    /// The segment that the next batches go to; none when one must be begun first.
    pub fn appendable(&self, limit: u64) -> Option<&Segment> {
        self.segments.last().filter(|segment| !self.closed && segment.bytes < limit)
    }

    /// Begins a segment, whose file exists.
    pub fn begin(&mut self, base_offset: i64) {
        self.segments.push(Segment::new(base_offset));
        self.closed = false;
    }

    /// Takes note of batches that were written to the last segment.
    pub fn extend<'a>(&mut self, headers: impl IntoIterator<Item = &'a Header>) {
        if let Some(last) = self.segments.last_mut() {
            headers.into_iter().for_each(|header| last.add(header));
        }
    }

    /// Closes the last segment if all of it is below `log_start`, so that it can go.
    pub fn close_below(&mut self, log_start: i64) {
        if self.segments.last().is_some_and(|last| last.bytes > 0 && last.end_offset <= log_start) {
            self.closed = true;
        }
    }

    /// Takes out the segments that lie wholly below `log_start` and will not be appended to.
    pub fn take_below(&mut self, log_start: i64) -> Vec<Segment> {
        let mut count = self.segments.iter().take_while(|segment| segment.end_offset <= log_start).count();
        if !self.closed && count == self.segments.len() {
            count = count.saturating_sub(1);
        }
        self.segments.drain(..count).collect()
    }

    /// Forgets all segments wholly below `log_start`, the last one too: at a start their files may be gone already.
    pub fn forget_below(&mut self, log_start: i64) {
        self.segments.retain(|segment| segment.end_offset > log_start);
    }

    /// Takes out everything.
    pub fn take_all(&mut self) -> Vec<Segment> {
        std::mem::take(&mut self.segments)
    }

    /// The segment that holds `offset`, or the first one above it.
    pub fn find(&self, offset: i64) -> Option<&Segment> {
        self.segments.get(self.segments.partition_point(|segment| segment.end_offset <= offset))
    }

    /// The segments with a timestamp of at least `time_ms` that reach above offset `from`. The first one may have it below
    /// `from` only, so two are enough.
    pub fn find_time(&self, time_ms: i64, from: i64) -> Vec<Segment> {
        let may_have = |segment: &&Segment| {
            segment.newest.is_some_and(|(newest, _)| newest >= time_ms) && segment.end_offset > from
        };
        self.segments.iter().filter(may_have).take(2).cloned().collect()
    }

    /// Keeps the index that a scan of the segment has made, unless the segment has grown since.
    pub fn keep_index(&mut self, base_offset: i64, index: &Arc<Index>) {
        let segment = self.segments.iter_mut().find(|segment| segment.base_offset == base_offset);
        if let Some(segment) = segment.filter(|segment| segment.bytes == index.covered()) {
            segment.index = Some(index.clone());
        }
    }
}
