//! Walking a segment's batches by their headers.

use super::Index;
use crate::disk::DiskFile;
use bytes::Bytes;
use onefold_broker_core::batch::{HEADER_BYTES, Header};
use std::io;

/// Read at once.
const WINDOW: usize = 1 << 20;

/// What stands at a position of a segment.
#[derive(Debug)]
pub enum Step {
    /// A batch: its header, and its bytes as far as the window has them.
    Batch(Header, Bytes),
    /// The segment's end.
    End,
    /// Bytes that are no batch, or one that goes beyond the segment's end.
    Damaged,
}

/// A walk over the batches of a segment from a position on.
pub struct Walk<'a> {
    file: &'a dyn DiskFile,
    position: u64,
    end: u64,
    window: Bytes,
    read_ahead: usize,
    read_bytes: usize,
}

/// Walks from `position`, where a batch begins, to `end`, reading at least `read_ahead` bytes at once.
pub fn batches_from(file: &dyn DiskFile, position: u64, end: u64, read_ahead: usize) -> Walk<'_> {
    Walk { file, position, end, window: Bytes::new(), read_ahead: read_ahead.clamp(4096, WINDOW), read_bytes: 0 }
}

impl Walk<'_> {
    /// Where the next step begins.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What has been read so far: the batches handed out may keep all of it in memory.
    pub fn read_bytes(&self) -> usize {
        self.read_bytes
    }

    /// The size of the next batch, where the window shows it already.
    pub fn next_size(&self) -> Option<usize> {
        Header::parse(&self.window).ok().map(|header| header.size)
    }

    /// The next batch, whole.
    pub fn step(&mut self) -> io::Result<Step> {
        if self.position >= self.end {
            return Ok(Step::End);
        }
        self.fill(HEADER_BYTES)?;
        let Ok(header) = Header::parse(&self.window) else { return Ok(Step::Damaged) };
        if self.position + header.size as u64 > self.end {
            return Ok(Step::Damaged);
        }
        self.fill(header.size)?;
        if self.window.len() < header.size {
            return Ok(Step::Damaged);
        }
        self.position += header.size as u64;
        Ok(Step::Batch(header, self.window.split_to(header.size)))
    }

    /// Makes the window hold `needed` bytes, where the segment has so many.
    fn fill(&mut self, needed: usize) -> io::Result<()> {
        if self.window.len() >= needed {
            return Ok(());
        }
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        self.window = Bytes::from(self.file.read_at(self.position, needed.max(self.read_ahead).min(left))?);
        self.read_bytes += self.window.len();
        Ok(())
    }
}

/// Reads a segment once to index it; none when it holds something that is no batch.
pub fn rebuild(file: &dyn DiskFile, end: u64) -> io::Result<Option<Index>> {
    let mut index = Index::default();
    let mut walk = batches_from(file, 0, end, WINDOW);
    loop {
        match walk.step()? {
            Step::Batch(header, _) => index.add(&header),
            Step::End => return Ok(Some(index)),
            Step::Damaged => return Ok(None),
        }
    }
}
