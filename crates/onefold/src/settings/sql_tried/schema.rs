//! The tables of a database file, read without making, changing or locking anything.

use crate::boundary::sql::sqlite::copy_tables;
use rusqlite::{Connection, OpenFlags};
use std::io::Read;
use std::path::Path;

/// What is known of the tables that a statement will meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settings) enum Known {
    /// Nobody looked, or the file cannot be read now: somebody holds it, or may not, or it is no database.
    Nothing,
    /// There is no such file: `setup` makes all that there will be.
    NoFile,
    /// All of them.
    File,
}

impl Known {
    /// Where tables were looked for, where that is more than the file says itself.
    pub fn told(self, path: &Path) -> Option<String> {
        let path = path.display();
        match self {
            Known::Nothing => None,
            Known::NoFile => Some(format!("what `setup` makes; {path} is not there yet")),
            Known::File => Some(format!("the tables of {path}, and what `setup` makes")),
        }
    }
}

/// Makes the tables, views, indexes and triggers of the file in this database, without their rows.
pub(in crate::settings) fn copy(path: &Path, into: &Connection) -> Known {
    if !path.exists() {
        return Known::NoFile;
    }
    match read_into(path, into) {
        Some(()) => Known::File,
        None => Known::Nothing,
    }
}

fn read_into(path: &Path, into: &Connection) -> Option<()> {
    let conn = open(path)?;
    conn.busy_timeout(std::time::Duration::ZERO).ok()?;
    copy_tables(&conn, into).ok()
}

/// Whether there is a file that SQLite takes for none of its own (or for one that is encrypted).
pub(in crate::settings) fn is_no_database(path: &Path) -> bool {
    let asked = open(path).map(|conn| conn.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(())));
    let code = asked.and_then(|asked| asked.err()?.sqlite_error_code());
    code == Some(rusqlite::ErrorCode::NotADatabase)
}

/// What is no file (a pipe, say) is not opened: that could wait for ever.
fn open(path: &Path) -> Option<Connection> {
    if !path.is_file() {
        return None;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    // Reading a file in WAL mode makes two others beside it, but for one that is told not to change.
    let is_at_rest = is_in_wal_mode(path)? && is_empty(&path.with_file_name(wal_name(path)?));
    let text = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let absolute = if path.is_absolute() { text } else { format!("./{text}") };
    let immutable = if is_at_rest { "&immutable=1" } else { "" };
    Connection::open_with_flags(format!("file:{absolute}?mode=ro{immutable}"), flags).ok()
}

/// A byte of the file's header says so: <https://www.sqlite.org/fileformat.html#file_format_version_numbers>.
fn is_in_wal_mode(path: &Path) -> Option<bool> {
    let mut header = [0; 19];
    match std::fs::File::open(path).ok()?.read_exact(&mut header) {
        Ok(()) => Some(header[18] == 2),
        // An empty file is a database without tables.
        Err(_) => Some(false),
    }
}

fn wal_name(path: &Path) -> Option<String> {
    Some(format!("{}-wal", path.file_name()?.to_str()?))
}

fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |meta| meta.len() == 0)
}
