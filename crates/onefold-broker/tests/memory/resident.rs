//! The memory of this process, which holds the broker and the test.

use tokio::sync::{Mutex, MutexGuard};

static ALONE: Mutex<()> = Mutex::const_new(());

/// Measures alone: no other test of this program runs meanwhile.
pub struct Resident {
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

pub async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

impl Resident {
    /// From here on.
    pub fn now(alone: MutexGuard<'static, ()>) -> Resident {
        Resident { before: bytes(), _alone: alone }
    }

    /// Panics when the process has grown by more than so many MiB.
    pub fn has_grown_by_less_than(&self, mebibytes: usize) {
        let now = bytes();
        let grown = now.saturating_sub(self.before) >> 20;
        assert!(grown < mebibytes, "{} MiB -> {} MiB", self.before >> 20, now >> 20);
    }
}

fn bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
