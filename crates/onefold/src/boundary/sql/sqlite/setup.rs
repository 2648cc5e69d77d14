//! A user's own statements before the first record: those of `setup` are run, those of each record are tried.

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

/// Prepares the statements that each record will run, as it will run them, and undoes what that took: a table that one of
/// them makes is there for the next. Those that cannot be prepared, by their place, and why.
///
/// # Errors
/// Nothing can be tried on this connection.
pub(crate) fn try_statements(
    conn: &Connection,
    guard: &Guard,
    statements: &[String],
) -> rusqlite::Result<Vec<(usize, rusqlite::Error)>> {
    conn.execute_batch("SAVEPOINT onefold_try")?;
    guard.lend();
    let tried = statements.iter().enumerate().filter_map(|(nth, sql)| Some((nth, try_one(conn, sql).err()?))).collect();
    guard.take_back();
    conn.execute_batch("ROLLBACK TO onefold_try; RELEASE onefold_try")?;
    Ok(tried)
}

fn try_one(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = conn.prepare(sql)?;
    let makes = ["create", "drop", "alter"].iter().any(|word| {
        let start = sql.trim_start();
        start.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    });
    if makes && statement.parameter_count() == 0 {
        statement.execute(())?;
    }
    Ok(())
}
