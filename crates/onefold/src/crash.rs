//! Named points at which a test can kill the process, or, in tests inside one process, break a pipeline off.
//!
//! `ONEFOLD_CRASH_AT=after-effect:3` kills the process at the third pass of `after-effect`. Always compiled in: not
//! armed, a point costs one relaxed load.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Crash points that are armed, in any way.
#[doc(hidden)]
pub static ARMED: AtomicU32 = AtomicU32::new(u32::MAX);

/// The points there are, in the order in which a record passes them.
pub const POINTS: [&str; 7] = [
    "before-effect",
    "after-effect",
    "after-mark",
    "before-sink-commit",
    "after-sink-commit",
    "before-commit",
    "after-commit",
];

/// What a pipeline in a test breaks off at: the thread-independent form of `ONEFOLD_CRASH_AT`.
#[derive(Clone, Default)]
pub struct CrashPlan(Option<Arc<Planned>>);

struct Planned {
    point: &'static str,
    passes_left: AtomicU32,
}

impl CrashPlan {
    /// Breaks off at the nth pass of this point; the first is 1.
    pub fn at(point: &'static str, nth: u32) -> CrashPlan {
        CrashPlan(Some(Arc::new(Planned { point, passes_left: AtomicU32::new(nth.max(1)) })))
    }

    /// Whether the pipeline ends here, as a killed process would. Stays true from then on.
    pub(crate) fn is_due(&self, point: &'static str) -> bool {
        crate::crash_point!(point);
        let Some(planned) = &self.0 else { return false };
        if planned.passes_left.load(Ordering::Relaxed) == 0 {
            return true;
        }
        planned.point == point && planned.passes_left.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Whether it may break off at all.
    #[cfg(feature = "sqlite")]
    pub(crate) fn is_armed(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it has broken off.
    pub fn has_struck(&self) -> bool {
        self.0.as_ref().is_some_and(|planned| planned.passes_left.load(Ordering::Relaxed) == 0)
    }
}

/// A named point at which `ONEFOLD_CRASH_AT` can kill the process.
#[macro_export]
macro_rules! crash_point {
    ($name:expr) => {
        if $crate::crash::ARMED.load(std::sync::atomic::Ordering::Relaxed) != 0 {
            $crate::crash::passed($name);
        }
    };
}

/// The slow half of [`crash_point!`].
#[doc(hidden)]
pub fn passed(name: &str) {
    static PLAN: OnceLock<Option<(String, Mutex<u32>)>> = OnceLock::new();
    let plan = PLAN.get_or_init(|| {
        let plan = std::env::var("ONEFOLD_CRASH_AT").ok().as_deref().map(read_plan);
        ARMED.store(u32::from(plan.is_some()), Ordering::Relaxed);
        plan.map(|(name, nth)| (name, Mutex::new(nth)))
    });
    if let Some((at, passes_left)) = plan
        && at == name
    {
        let mut left = passes_left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_sub(1);
        if *left == 0 {
            kill();
        }
    }
}

fn read_plan(text: &str) -> (String, u32) {
    match text.rsplit_once(':') {
        Some((name, nth)) => (name.to_owned(), nth.parse().unwrap_or(1)),
        None => (text.to_owned(), 1),
    }
}

/// SIGKILL: nothing is flushed, no destructor runs.
fn kill() -> ! {
    let id = std::process::id().to_string();
    let _ = std::process::Command::new("kill").args(["-9", &id]).status();
    // Where there is no `kill`, the next best thing.
    std::process::abort()
}
