//! A user's own statements before the first record: those of `setup`.

use std::path::Path;

use rusqlite::Connection;

use super::guard::{Guard, is_denied};

/// What is not taken among setup statements, and what to do.
pub(crate) const NOT_IN_SETUP: &str = "PRAGMA synchronous, journal_mode, locking_mode and writable_schema (Onefold sets FULL, WAL and \
     NORMAL: what it promises rests on them), and writes to onefold_* tables";

/// What is wrong with one of them.
pub(crate) enum Slip {
    /// It left a transaction open, which was rolled back; unless that failed, too.
    LeftOpen(Option<rusqlite::Error>),
    /// The guard denied it: see [`NOT_IN_SETUP`].
    Denied,
    Sql(rusqlite::Error),
}

/// Runs one text of setup statements; nothing of it stays open.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn attempt(conn: &Connection, guard: &Guard, sql: &str) -> Result<(), Slip> {
    guard.set_up();
    let ran = conn.execute_batch(sql);
    guard.take_back();
    if !conn.is_autocommit() {
        // Whatever it did is not wanted with a transaction that never ends.
        let ended = conn.execute_batch("ROLLBACK").err();
        if ran.is_ok() {
            return Err(Slip::LeftOpen(ended));
        }
    }
    ran.map_err(|why| if is_denied(&why) { Slip::Denied } else { Slip::Sql(why) })
}

/// [`attempt`] at a start.
///
/// # Errors
/// Why it is refused, and what to do.
pub(super) fn run(conn: &Connection, guard: &Guard, path: &Path, sql: &str) -> Result<(), String> {
    let at = path.display();
    attempt(conn, guard, sql).map_err(|slip| match slip {
        Slip::LeftOpen(ended) => {
            let ended = ended.map_or(String::new(), |why| format!(" ({why})"));
            format!("the setup statement for {at} leaves a transaction open{ended}: end it with COMMIT\n{sql}")
        }
        Slip::Denied => format!(
            "the setup statement for {at} is refused: it changes what Onefold's promise rests on\n  \
             not taken      {NOT_IN_SETUP}\n  to fix         leave it out\n{sql}"
        ),
        Slip::Sql(why) => {
            format!("the setup statement for {at} is refused: {why}{}\n{sql}", super::to_do(path, &why))
        }
    })
}
