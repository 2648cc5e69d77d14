//! What pipelines promise, on the log in memory with real SQLite. One file per promise in `delivery/`.

#[path = "delivery/common.rs"]
mod common;
#[path = "delivery/crash_at_any_point_ends_as_promised.rs"]
mod crash_at_any_point_ends_as_promised;
#[path = "delivery/each_outcome_has_its_way.rs"]
mod each_outcome_has_its_way;
