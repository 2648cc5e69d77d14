//! Reading frames by place, through a window over the file.

use super::BLOCK;
use super::frame::{self, Frame, HEAD, Seal};
use crate::disk::DiskFile;
use bytes::Bytes;
use memchr::memmem::Finder;
use std::io;
use std::sync::Arc;

/// Read at once; a longer frame is read by itself.
const WINDOW: usize = 1 << 20;

/// A journal file read from front to back. The content of frames shares the window's memory.
pub struct Reader {
    file: Arc<dyn DiskFile>,
    seal: Seal,
    length: u64,
    window: Bytes,
    window_at: u64,
}

impl Reader {
    /// Reads `file`, in which frames have this seal.
    pub fn new(file: Arc<dyn DiskFile>, seal: Seal) -> io::Result<Reader> {
        let length = file.length()?;
        Ok(Reader { file, seal, length, window: Bytes::new(), window_at: 0 })
    }

    /// The file's length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The frame at `position`, and where it ends; none when there is no whole frame of this file.
    pub fn frame_at(&mut self, position: u64) -> io::Result<Option<(Frame, u64)>> {
        let head = self.bytes(position, HEAD)?;
        let Some(length) = frame::claimed_length(&head) else { return Ok(None) };
        let whole = (HEAD + length) as u64;
        if position.checked_add(whole).is_none_or(|end| end > self.length) {
            return Ok(None);
        }
        let bytes = self.bytes(position, HEAD + length)?;
        Ok(frame::decode(self.seal, &bytes).map(|frame| (frame, position + whole)))
    }

    /// The frame that follows one that ended at `end`: right there, or where the next group begins.
    pub fn frame_after(&mut self, end: u64) -> io::Result<Option<(Frame, u64)>> {
        match self.frame_at(end)? {
            Some(found) => Ok(Some(found)),
            None if end.is_multiple_of(BLOCK) => Ok(None),
            None => self.frame_at(end.next_multiple_of(BLOCK)),
        }
    }

    /// The first whole frame of this file at or after `from`, wherever it begins.
    pub fn scan(&mut self, from: u64) -> io::Result<Option<(Frame, u64)>> {
        let magic = Finder::new(&frame::MAGIC);
        let mut at = from;
        while at < self.length {
            let window = self.bytes(at, WINDOW)?;
            if let Some(found) = magic.find(&window) {
                let candidate = at + found as u64;
                if let Some(frame) = self.frame_at(candidate)? {
                    return Ok(Some(frame));
                }
                at = candidate + 1;
            } else {
                // A magic may lie across two windows.
                at += (window.len().saturating_sub(frame::MAGIC.len() - 1)).max(1) as u64;
            }
        }
        Ok(None)
    }

    /// Up to `length` bytes at `position`, from the window if they are in it.
    fn bytes(&mut self, position: u64, length: usize) -> io::Result<Bytes> {
        let left = usize::try_from(self.length.saturating_sub(position)).unwrap_or(usize::MAX);
        let length = length.min(left);
        let inside = position.checked_sub(self.window_at).and_then(|at| usize::try_from(at).ok());
        if let Some(at) = inside
            && at.checked_add(length).is_some_and(|end| end <= self.window.len())
        {
            return Ok(self.window.slice(at..at + length));
        }
        self.window = Bytes::from(self.file.read_at(position, length.max(WINDOW).min(left))?);
        self.window_at = position;
        Ok(self.window.slice(..length.min(self.window.len())))
    }
}
