//! The lent transaction of SQLite: statements run inline, on the thread that owns the connection.

use rusqlite::Params;
use rusqlite::types::FromSql;

use super::Sqlite;
use crate::boundary::Tx;

impl Tx<Sqlite> {
    /// Runs one statement; returns how many rows it changed. The statement is prepared once and kept.
    pub async fn execute(&mut self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }

    /// The first column of the first row. No row is an error; see [`Tx::find`].
    pub async fn get<T: FromSql>(&mut self, sql: &str, params: impl Params) -> rusqlite::Result<T> {
        self.conn.prepare_cached(sql)?.query_row(params, |row| row.get(0))
    }

    /// The first column of the first row, if there is one.
    pub async fn find<T: FromSql>(&mut self, sql: &str, params: impl Params) -> rusqlite::Result<Option<T>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(|row| row.get(0)).transpose()
    }
}
