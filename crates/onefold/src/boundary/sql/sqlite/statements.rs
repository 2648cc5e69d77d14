//! The statements of Onefold itself on a writer connection.

use rusqlite::{CachedStatement, Connection, Params};

/// Statements that a handler cannot get at.
///
/// SQLite asks the guard when a statement is prepared, not when it runs, and prepared statements are kept by their
/// text. A mark that no handler can know keeps ours apart from one that a handler prepares with the same words.
pub(super) struct Statements {
    mark: String,
    texts: std::cell::RefCell<std::collections::HashMap<&'static str, String>>,
}

impl Statements {
    pub(super) fn new() -> Statements {
        Statements { mark: format!("/*{:032x}*/ ", fastrand::u128(..)), texts: Default::default() }
    }

    /// Runs a statement that returns no rows; returns how many it changed.
    pub(super) fn run(&self, conn: &Connection, sql: &'static str, params: impl Params) -> rusqlite::Result<usize> {
        self.prepared(conn, sql)?.execute(params)
    }

    pub(super) fn prepared<'c>(
        &self,
        conn: &'c Connection,
        sql: &'static str,
    ) -> rusqlite::Result<CachedStatement<'c>> {
        let mut texts = self.texts.borrow_mut();
        let text = texts.entry(sql).or_insert_with(|| format!("{}{sql}", self.mark));
        conn.prepare_cached(text)
    }
}
