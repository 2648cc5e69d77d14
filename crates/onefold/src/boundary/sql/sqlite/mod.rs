//! SQLite: one thread and one writer connection per file in the process, shared by all pipelines on it.

mod batch;
mod claim;
mod error;
mod guard;
mod id_rows;
mod ids;
mod position;
mod schema;
mod setup;
mod sink;
mod statements;
mod suspects;
mod transaction;
mod tried;
mod tx;
mod unread;
mod verdicts;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::Database;
use crate::boundary::TxEffect;
use crate::boundary::sink::{Sink, SinkError, SinkSettings};
use crate::outcome::Failure;
pub(crate) use error::{class_of, is_a_slip};
pub(crate) use guard::{Guard, is_denied};
pub(crate) use id_rows::IdRows;
pub(crate) use schema::TABLES;
pub(crate) use setup::{NOT_IN_SETUP, Slip, attempt};
pub(crate) use tried::{copy_tables, try_in_memory};

/// A SQLite database that holds effects and, beside them in the same transactions, how far the pipeline is.
#[derive(Clone, Debug)]
pub struct Sqlite {
    path: PathBuf,
    name: String,
    setup: Vec<String>,
}

impl Sqlite {
    /// Opens the file, makes it where it is missing, and sees that it can be written. WAL, `synchronous=FULL`.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Failure> {
        let path = path.as_ref().to_path_buf();
        let name = format!("sqlite:{}", path.display());
        let opened = path.clone();
        tokio::task::spawn_blocking(move || open_connection(&opened)).await??;
        Ok(Sqlite { path, name, setup: Vec::new() })
    }

    /// The database at this path, opened (and made) when a pipeline on it starts.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Sqlite { name: format!("sqlite:{}", path.display()), path, setup: Vec::new() }
    }

    /// Statements to run now and at each start; they must bear being run again (`CREATE TABLE IF NOT EXISTS`).
    pub fn setup(mut self, sql: &str) -> Result<Self, Failure> {
        let conn = open_connection(&self.path)?;
        let guard = Guard::install(&conn)?;
        setup::run(&conn, &guard, &self.path, sql).map_err(Failure::sink_down)?;
        self.setup.push(sql.to_owned());
        Ok(self)
    }

    /// What explanations call the database, where the path is not it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Database for Sqlite {
    type Conn = Connection;

    fn target(&self) -> String {
        self.name.clone()
    }

    fn sink(self, effect: Arc<dyn TxEffect<Self>>, settings: SinkSettings) -> Result<Arc<dyn Sink>, SinkError> {
        Ok(Arc::new(sink::SqliteSink::open(self, effect, settings)?))
    }
}

/// A writer connection as every effect needs it: durable at commit, patient with other processes' locks.
pub(crate) fn open_connection(path: &Path) -> Result<Connection, Failure> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|e| Failure::sink_down(format!("cannot make the folder {}: {e}", folder.display())))?;
    }
    let conn = Connection::open(path).map_err(|why| unusable("open", path, &why))?;
    // Opening reads nothing yet: whether it is a database, and lets itself be written, shows here.
    let refused = |why: rusqlite::Error| unusable("use", path, &why);
    conn.busy_timeout(PATIENCE).map_err(refused)?;
    conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;").map_err(refused)?;
    try_to_write(&conn).map_err(refused)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

/// How long another process's lock is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// SQLite opens a file that it may not write as one to read, and says so only when it is to write.
fn try_to_write(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(std::time::Duration::ZERO)?;
    let tried = conn.execute_batch("BEGIN IMMEDIATE; CREATE TABLE onefold_try (x)");
    if !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    match tried {
        // Somebody else writes right now: it can be written.
        Err(why) if why.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
        tried => tried?,
    }
    conn.busy_timeout(PATIENCE)
}

fn unusable(what: &str, path: &Path, why: &rusqlite::Error) -> Failure {
    Failure::sink_down(format!("cannot {what} the SQLite file {}: {why}{}", path.display(), to_do(path, why)))
}

/// Who reads it knows pipelines and files, and not which statement of ours found the file so.
pub(crate) fn named(path: &Path, why: &str) -> String {
    let path = path.display();
    let held = match why.contains("is locked") {
        true => format!(": another program has a transaction open on it (fuser {path} says which)"),
        false => String::new(),
    };
    format!("the SQLite file {path}: {why}{held}")
}

/// [`named`], for what ends a call.
pub(crate) fn named_error(path: &Path, why: SinkError) -> SinkError {
    match why {
        SinkError::Down(why) => SinkError::Down(named(path, &why)),
        other => other,
    }
}

/// What the file says no with, and what to do about it.
pub(crate) fn down_at(path: &Path, why: &rusqlite::Error) -> SinkError {
    SinkError::Down(unusable("use", path, why).to_string())
}

fn to_do(path: &Path, why: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode::*;
    let to_fix = match why.sqlite_error_code() {
        Some(CannotOpen | PermissionDenied | ReadOnly) => {
            "let this user write it, make files in its folder, and write those that SQLite keeps beside it (-wal, -shm)"
                .to_owned()
        }
        Some(DatabaseBusy | DatabaseLocked) => format!(
            "end what holds it: another program has a transaction open on it, such as a sqlite3 shell after BEGIN (fuser {} \
             says which). It was waited for, {} s",
            path.display(),
            PATIENCE.as_secs()
        ),
        Some(NotADatabase) => "name another file: this one is no SQLite database, or it is encrypted".to_owned(),
        Some(DatabaseCorrupt) => "restore it from a backup; sqlite3 FILE .recover saves what can be read".to_owned(),
        Some(DiskFull) => "free some space on its disk".to_owned(),
        _ => return String::new(),
    };
    format!("\n  to fix         {to_fix}")
}

/// The machine's clock: only for windows and for people, never for order.
pub(crate) fn now_ms() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |at| at.as_millis() as i64)
}
