//! The log of what a mock took: lines that are durable before their request is answered. All requests that wait share
//! one fsync.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc;
use tokio::sync::oneshot;

pub(super) struct Log {
    lines: mpsc::Sender<Waiting>,
    /// What was there at the start, a line each.
    pub kept: Vec<String>,
}

struct Waiting {
    line: String,
    durable: oneshot::Sender<()>,
}

impl Log {
    pub fn open(path: &Path) -> io::Result<Log> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).truncate(false).open(path)?;
        let kept = repair(&mut file)?;
        // A file is only there after a crash if its folder says so.
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        let (lines, waiting) = mpsc::channel();
        std::thread::Builder::new().name("onefold-mock-log".into()).spawn(move || write(file, &waiting))?;
        Ok(Log { lines, kept })
    }

    /// Returns when the line is durable; false when it never will be.
    pub async fn append(&self, line: String) -> bool {
        let (durable, wait) = oneshot::channel();
        self.lines.send(Waiting { line, durable }).is_ok() && wait.await.is_ok()
    }
}

/// Cuts off what a crash left of a last line: its request was never answered.
fn repair(file: &mut File) -> io::Result<Vec<String>> {
    let mut bytes = vec![];
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    if whole < bytes.len() {
        file.set_len(whole as u64)?;
        file.sync_all()?;
    }
    Ok(String::from_utf8_lossy(&bytes[..whole]).lines().map(str::to_owned).collect())
}

fn write(mut file: File, waiting: &mpsc::Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<Waiting> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let text: String = group.iter().map(|one| format!("{}\n", one.line)).collect();
        if let Err(why) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
            // Never answered for: whoever waits gets an error, and so does everyone after.
            tracing::error!(%why, "the mock's log cannot be written");
            return;
        }
        for one in group {
            let _ = one.durable.send(());
        }
    }
}
