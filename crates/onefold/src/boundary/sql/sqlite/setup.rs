//! A user's own statements before the first record: those of `setup`.

use std::path::Path;

use rusqlite::Connection;

use super::guard::{Guard, is_denied};

/// What is not taken among setup statements, and what to do.
pub(crate) const NOT_IN_SETUP: &str = "PRAGMA synchronous, journal_mode, locking_mode and writable_schema (Onefold sets FULL, WAL and \
     NORMAL: what it promises rests on them), and writes to onefold_* tables";

/// Runs one text of setup statements; nothing of it stays open.
///
/// # Errors
/// Why it is refused, and what to do.
pub(super) fn run(conn: &Connection, guard: &Guard, path: &Path, sql: &str) -> Result<(), String> {
    guard.set_up();
    let ran = conn.execute_batch(sql);
    guard.take_back();
    let path = path.display();
    if !conn.is_autocommit() {
        // Whatever it did is not wanted with a transaction that never ends.
        let ended = conn.execute_batch("ROLLBACK").err().map_or(String::new(), |why| format!(" ({why})"));
        if ran.is_ok() {
            return Err(format!(
                "the setup statement for {path} leaves a transaction open{ended}: end it with COMMIT\n{sql}"
            ));
        }
    }
    ran.map_err(|why| match is_denied(&why) {
        true => format!(
            "the setup statement for {path} is refused: it changes what Onefold's promise rests on\n  \
             not taken      {NOT_IN_SETUP}\n  to fix         leave it out\n{sql}"
        ),
        false => {
            let to_do = super::to_do(Path::new(&path.to_string()), &why);
            format!("the setup statement for {path} is refused: {why}{to_do}\n{sql}")
        }
    })
}
