//! What one durable write costs on this disk, in a file that is preallocated and zero-filled: the yardstick for a durable
//! answer. Measured in turns with the answers themselves, since a disk has its moods.

use rustix::fs::OFlags;
use std::{
    fs::File,
    io::Write,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const SIZE: usize = 32 << 20;
const BLOCK: usize = 4096;

/// The first is what the targets are put in; the last is what Onefold's journal does.
pub const WAYS: [&str; 3] = ["1 KiB, fdatasync", "4 KiB, fdatasync", "4 KiB, O_DIRECT and O_DSYNC"];

/// Three ways to make as much durable as one small answer needs.
pub struct Yardstick {
    path: PathBuf,
    cached: File,
    direct: Option<File>,
    written: usize,
    /// By way.
    pub took: [Vec<Duration>; 3],
}

impl Yardstick {
    pub fn new(folder: &Path) -> anyhow::Result<Yardstick> {
        let path = folder.join("yardstick");
        let mut cached = File::create(&path)?;
        cached.write_all(&vec![0; SIZE])?;
        cached.sync_all()?;
        let flags = (OFlags::DIRECT | OFlags::DSYNC).bits().cast_signed();
        // Not every file system has it.
        let direct = File::options().write(true).custom_flags(flags).open(&path).ok();
        Ok(Yardstick { path, cached, direct, written: 0, took: Default::default() })
    }

    /// So many writes each way.
    pub fn some(&mut self, count: usize) -> anyhow::Result<()> {
        let block = vec![7; 2 * BLOCK];
        let aligned = block.as_ptr().align_offset(BLOCK);
        let block = &block[aligned..aligned + BLOCK];
        for _ in 0..count {
            let at = self.next(1024);
            self.took[0]
                .push(timed(|| self.cached.write_all_at(&block[..1024], at).and_then(|()| self.cached.sync_data()))?);
        }
        self.written = self.written.next_multiple_of(BLOCK);
        for _ in 0..count {
            let at = self.next(BLOCK);
            self.took[1].push(timed(|| self.cached.write_all_at(block, at).and_then(|()| self.cached.sync_data()))?);
        }
        let Some(direct) = &self.direct else { return Ok(()) };
        for _ in 0..count {
            let at = (self.written % SIZE) as u64;
            self.written += BLOCK;
            self.took[2].push(timed(|| direct.write_all_at(block, at))?);
        }
        Ok(())
    }

    fn next(&mut self, bytes: usize) -> u64 {
        let at = (self.written % SIZE) as u64;
        self.written += bytes;
        at
    }
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

fn timed(write: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<Duration> {
    let began = Instant::now();
    write().map(|()| began.elapsed())
}
