//! The statements of each record are tried before the first one. What they make, drop or alter is done in memory only:
//! on the file it would hold up everybody who writes, for as long as an index on a large table takes.

use rusqlite::Connection;

use super::guard::Guard;

/// Those statements that cannot be prepared, by their place, and why.
type Failed = Vec<(usize, rusqlite::Error)>;

/// Prepares the statements that each record will run, and writes nothing to the file. Where one makes what the next is
/// about, they are tried on a copy of the tables without rows.
///
/// # Errors
/// The tables of the file cannot be read.
pub(super) fn try_on_file(conn: &Connection, guard: &Guard, statements: &[String]) -> rusqlite::Result<Failed> {
    guard.lend();
    let prepared = each(statements, |sql| conn.prepare(sql).map(drop));
    guard.take_back();
    if !statements.iter().any(|sql| makes(sql)) {
        return Ok(prepared);
    }
    let copy = Connection::open_in_memory()?;
    copy_tables(conn, &copy)?;
    let alone = is_alone(conn)?;
    let on_copy = try_in_memory(&copy, &Guard::install(&copy)?, statements)?;
    let is_proven = |(nth, why): &(usize, rusqlite::Error)| {
        let on_file = prepared.iter().find(|(failed, _)| failed == nth).map(|(_, why)| why.to_string());
        // A copy has neither the functions that were added to a connection, nor the files that it has attached.
        match is_of_the_connection(why) {
            true => on_file == Some(why.to_string()),
            false => alone || on_file.is_some(),
        }
    };
    Ok(on_copy.into_iter().filter(is_proven).collect())
}

/// Tries the statements on a database that is nobody's, and undoes what that took: a table that one of them makes is
/// there for the next.
///
/// # Errors
/// Nothing can be tried on this connection.
pub(crate) fn try_in_memory(conn: &Connection, guard: &Guard, statements: &[String]) -> rusqlite::Result<Failed> {
    conn.execute_batch("SAVEPOINT onefold_try")?;
    guard.lend();
    let tried = each(statements, |sql| try_one(conn, sql));
    guard.take_back();
    conn.execute_batch("ROLLBACK TO onefold_try; RELEASE onefold_try")?;
    Ok(tried)
}

/// What makes the tables, views, indexes and triggers of a database. A table comes before what is on it, a virtual table
/// before its own.
fn makers(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut select = conn.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    select.query_map((), |row| row.get(0))?.collect()
}

/// Makes the tables, views, indexes and triggers of one database in another, without their rows.
///
/// # Errors
/// Those of the first cannot be read; nothing is made then.
pub(crate) fn copy_tables(from: &Connection, into: &Connection) -> rusqlite::Result<()> {
    for sql in makers(from)? {
        // The tables that a virtual table keeps to itself are there already, and refused.
        let _ = into.execute_batch(&sql);
    }
    Ok(())
}

/// Whether there is nothing beside the file: no other is attached, and no temporary table was made.
fn is_alone(conn: &Connection) -> rusqlite::Result<bool> {
    let others = "SELECT count(*) FROM pragma_database_list WHERE name <> 'main'";
    conn.query_row(others, (), |row| row.get(0)).map(|others: i64| others == 0)
}

fn is_of_the_connection(why: &rusqlite::Error) -> bool {
    let why = why.to_string();
    ["no such function", "no such module", "no such collation"].iter().any(|missing| why.contains(missing))
}

fn each(statements: &[String], one: impl Fn(&str) -> rusqlite::Result<()>) -> Failed {
    statements.iter().enumerate().filter_map(|(nth, sql)| Some((nth, one(sql).err()?))).collect()
}

fn try_one(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = conn.prepare(sql)?;
    if makes(sql) && statement.parameter_count() == 0 {
        statement.execute(())?;
    }
    Ok(())
}

fn makes(sql: &str) -> bool {
    let start = sql.trim_start();
    let is = |word: &str| start.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    ["create", "drop", "alter"].into_iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &tempfile::TempDir) -> Connection {
        let conn = Connection::open(folder.path().join("db")).unwrap();
        conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA busy_timeout=0").unwrap();
        conn
    }

    /// The places of those that failed, tried while somebody else writes.
    fn failed(before: &str, statements: &[&str]) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        let (conn, other) = (open(&folder), open(&folder));
        conn.execute_batch(before).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let guard = Guard::install(&conn).unwrap();
        let statements: Vec<String> = statements.iter().map(|sql| sql.to_string()).collect();
        let failed = try_on_file(&conn, &guard, &statements).expect("it waits for nobody");
        failed.into_iter().map(|(nth, _)| nth).collect()
    }

    const RAW: &str = "CREATE TABLE raw (id TEXT); INSERT INTO raw VALUES ('a');";

    #[test]
    fn what_makes_tables_and_indexes_is_tried_while_another_program_writes() {
        let all = [
            "CREATE TABLE IF NOT EXISTS more AS SELECT id AS key FROM raw",
            "CREATE INDEX IF NOT EXISTS by_id ON raw (id)",
            "INSERT INTO more (key) VALUES (?)",
            "INSERT INTO more (id) VALUES (?)",
            "ALTER TABLE raw ADD COLUMN n",
            "UPDATE raw SET n = 1",
            "DROP TABLE raw",
            "DELETE FROM raw",
        ];
        assert_eq!(failed(RAW, &all), [3, 7]);
    }

    #[test]
    fn nothing_of_it_stays_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let conn = open(&folder);
        conn.execute_batch(RAW).unwrap();
        let before = makers(&conn).unwrap();
        let guard = Guard::install(&conn).unwrap();
        let statements = ["CREATE INDEX by_id ON raw (id)".to_string(), "DROP TABLE raw".to_string()];
        assert!(try_on_file(&conn, &guard, &statements).unwrap().is_empty());
        assert_eq!(makers(&conn).unwrap(), before);
    }

    #[test]
    fn what_only_the_connection_has_is_no_slip() {
        let attached = "ATTACH ':memory:' AS beside; CREATE TABLE beside.t (id);";
        let statements = ["CREATE TABLE IF NOT EXISTS more (id)", "INSERT INTO beside.t VALUES (?)", "SELECT gone(1)"];
        assert_eq!(failed(attached, &statements), [2]);
        let temporary = "CREATE TEMP TABLE t (id);";
        assert_eq!(failed(temporary, &[statements[0], "INSERT INTO t VALUES (?)", "DELETE FROM gone"]), [2]);
    }
}
