//! How many others this thread has woken. Whoever is woken on a worker of the runtime waits in that worker's own queue
//! until the task that woke them lets go of it; a task that would go on for long asks here whether it keeps somebody waiting.

use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Called wherever a request wakes what another connection waits for: a record, an answer of the disk's, a group's answer. Not
/// counted is who waits for memory (a request that came alone gives back none that matters) and who is told of an end (the log's
/// stop, a peer's leaving, the broker's shutting down), which nobody goes on after.
pub(crate) fn note() {
    COUNT.set(COUNT.get().wrapping_add(1));
}

/// Differs from what it was before if anybody was woken in between, on this thread.
pub(crate) fn so_far() -> u64 {
    COUNT.get()
}
