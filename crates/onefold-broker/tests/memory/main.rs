//! What peers can do to the broker's memory. The tests measure this process, so they run one at a time, apart from others.

#![allow(clippy::unwrap_used, reason = "an error here is a failed test")]

#[path = "../wire/common/mod.rs"]
#[allow(dead_code, unused_imports)]
mod common;
mod resident;

mod hostile_bytes_cost_no_memory;
mod idle_and_slow_peers_hinder_nobody;
mod what_is_kept_is_counted;
