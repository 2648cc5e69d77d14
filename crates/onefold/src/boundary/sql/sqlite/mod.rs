//! SQLite: one thread and one writer connection per file in the process, shared by all pipelines on it.

mod error;
mod tx;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::Database;
use crate::boundary::TxEffect;
use crate::boundary::sink::{Sink, SinkSettings};
use crate::outcome::Failure;
pub(crate) use error::class_of;

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

    /// Statements to run now and at each start; they must bear being run again (`CREATE TABLE IF NOT EXISTS`).
    pub fn setup(mut self, sql: &str) -> Result<Self, Failure> {
        open_connection(&self.path)?.execute_batch(sql)?;
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

    fn sink(self, effect: Arc<dyn TxEffect<Self>>, settings: SinkSettings) -> Result<Arc<dyn Sink>, Failure> {
        writer::sink(self, effect, settings)
    }
}

/// A writer connection as every effect needs it: durable at commit, patient with other processes' locks.
pub(crate) fn open_connection(path: &Path) -> Result<Connection, Failure> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|e| Failure::sink_down(format!("cannot make the folder {}: {e}", folder.display())))?;
    }
    let conn = Connection::open(path)
        .map_err(|e| Failure::sink_down(format!("cannot open the SQLite file {}: {e}", path.display())))?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;")?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}
