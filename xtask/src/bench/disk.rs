//! What one durable write costs on this disk: 1 KiB into a preallocated, zero-filled file, then fdatasync.

use super::numbers::percentile;
use std::{
    fs::File,
    io::Write,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

const SIZE: usize = 32 << 20;

/// p50 and p99.
pub fn fdatasync(folder: &Path, count: usize) -> anyhow::Result<(Duration, Duration)> {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path)?;
    file.write_all(&vec![0; SIZE])?;
    file.sync_all()?;
    let bytes = [7; 1024];
    let mut took = Vec::with_capacity(count);
    for number in 0..count {
        let began = Instant::now();
        file.write_all_at(&bytes, ((number * bytes.len()) % SIZE) as u64)?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok((percentile(&mut took, 0.5), percentile(&mut took, 0.99)))
}
