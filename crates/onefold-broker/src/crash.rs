//! Named points where a test may kill this process: `crash_point!("journal.synced_before_ack")`.
//!
//! Always compiled, one relaxed load each; armed only by the environment, `ONEFOLD_CRASH_AT=name:nth` (nth counts from
//! 1), and then the nth passage of that point ends the process as SIGKILL does: no destructor, no flush.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Once};

static ARMED: AtomicBool = AtomicBool::new(false);
static LOOKED: Once = Once::new();
static TARGET: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
    let wanted = std::env::var("ONEFOLD_CRASH_AT").ok()?;
    let (name, nth) = wanted.rsplit_once(':').unwrap_or((&wanted, "1"));
    Some((name.to_owned(), AtomicU64::new(nth.parse().ok().filter(|n| *n > 0)?)))
});

/// Reads the environment once; called where a log opens.
pub(crate) fn arm() {
    LOOKED.call_once(|| ARMED.store(TARGET.is_some(), Ordering::Relaxed));
}

/// Passes the point `name`; see the module.
#[inline]
pub fn pass(name: &str) {
    if ARMED.load(Ordering::Relaxed) {
        pass_armed(name);
    }
}

#[cold]
fn pass_armed(name: &str) {
    if let Some((target, left)) = &*TARGET
        && target == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal is on its way; nothing may happen in between.
        loop {
            std::thread::park();
        }
    }
}

/// Marks a point where a crash test may kill the process; see [`crate::crash`].
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        $crate::crash::pass($name)
    };
}
