//! Counts Onefold's checkpoints from outside: each puts a new file in the place of the last one.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Checkpoints are far further apart.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Watches a data folder until it is dropped.
pub struct Checkpoints {
    shared: Arc<Shared>,
    watching: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    seen: AtomicU64,
    ending: AtomicBool,
}

impl Checkpoints {
    pub fn watch(data: &Path) -> Checkpoints {
        let (path, shared) = (data.join("checkpoint"), Arc::<Shared>::default());
        let watched = shared.clone();
        let watching = thread::spawn(move || {
            let mut last = which(&path);
            while !watched.ending.load(Ordering::Relaxed) {
                let now = which(&path);
                if now != last {
                    watched.seen.fetch_add(1, Ordering::Relaxed);
                    last = now;
                }
                thread::sleep(LOOK_EVERY);
            }
        });
        Checkpoints { shared, watching: Some(watching) }
    }

    /// So far.
    pub fn seen(&self) -> u64 {
        self.shared.seen.load(Ordering::Relaxed)
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        // It only looks; a panic of its own has nothing to say here.
        drop(self.watching.take().map(JoinHandle::join));
    }
}

/// An inode is used again soon, so its time belongs to it.
fn which(path: &PathBuf) -> Option<(u64, i64, i64)> {
    fs::metadata(path).ok().map(|found| (found.ino(), found.mtime(), found.mtime_nsec()))
}
