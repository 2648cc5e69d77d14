//! What is printed, and how: tables, records, the live lines of a run. Data goes to standard output, what happens to
//! standard error.

pub mod event;
pub mod explanation;
pub mod live;
pub mod record;
pub mod table;

use std::io::{IsTerminal, Write};

/// Prints a line of data. A reader that went away (`| head`) ends the command quietly, as it does for other tools.
pub fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Says what happens, to whoever is watching.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// What the crates have to say: warnings, unless `RUST_LOG` asks for more. Single dead letters are counted in the table
/// and told in their topic; a line each would bury all else.
pub fn logging() {
    let usual =
        tracing_subscriber::EnvFilter::new("warn,onefold::runtime::engine::verdict=error,librdkafka=off,rdkafka=off");
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or(usual);
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .try_init();
}
