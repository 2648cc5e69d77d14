//! `[pipelines.NAME.to.search]`: the newest version of each document, in a table and its full-text index.
//!
//! The table `INDEX` holds one row a document (`id`, `version`, `deleted` and a column for each text path, named by
//! the path's last name); `INDEX_fts` is an FTS5 index that stores no text of its own: its content is the view `INDEX_fts_live`,
//! the rows that are not deleted, so that FTS5's own `integrity-check` and `rebuild` hold. Plain `sqlite3` queries all:
//!
//! ```sql
//! SELECT payments.* FROM payments_fts JOIN payments ON payments.doc = payments_fts.rowid
//! WHERE payments_fts MATCH 'croissant AND terrace' ORDER BY rank LIMIT 5;
//! ```
//!
//! A record takes effect only if its version is higher than the row's, so repeats and late old versions change
//! nothing. A deletion leaves its row as a tombstone with its version, or an old version that comes late would bring
//! the document back. Row and index change in the pipeline's one transaction, or not at all.

mod schema;

use super::sql::Tx;
use super::sql::sqlite::Sqlite;
use super::{BoxFuture, SinkTraits, TxEffect};
use crate::outcome::{Failure, Handled, OrClass, Outcome};
use crate::placeholders::{Bind, Fields, Hole, Path, Poison};
use crate::record::Record;
use crate::settings::SearchSettings;
use onefold_core::guarantee::Kept;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use schema::Sql;
pub(crate) use schema::names;

/// A document index as an effect.
#[derive(Debug, Clone)]
pub struct SearchIndex {
    settings: SearchSettings,
    sql: Sql,
}

/// What a record says about its document.
struct Document {
    id: String,
    version: i64,
    /// `None`: it is deleted.
    text: Option<Vec<Bind>>,
}

/// What the table says about it.
struct Row {
    doc: i64,
    version: i64,
    deleted: bool,
    text: Vec<Value>,
}

impl SearchIndex {
    pub fn new(settings: SearchSettings) -> SearchIndex {
        SearchIndex { sql: Sql::of(&settings), settings }
    }

    fn apply(&self, record: &Record, database: &Connection) -> Handled {
        let document = self.document(record).or_poison()?;
        let row = self.row(database, &document.id)?;
        if row.as_ref().is_some_and(|row| row.version >= document.version) {
            return Ok(Outcome::Stale("this version or a newer one is indexed"));
        }
        if let Some(row) = row.as_ref().filter(|row| !row.deleted) {
            // FTS5 knows no upsert, and an index without text of its own must be told what it indexed.
            let old = std::iter::once(Value::Integer(row.doc)).chain(row.text.iter().cloned());
            database.prepare_cached(&self.sql.unindex)?.execute(params_from_iter(old))?;
        }
        self.write(database, row.map(|row| row.doc), document)?;
        Ok(Outcome::Done)
    }

    fn write(&self, database: &Connection, doc: Option<i64>, document: Document) -> rusqlite::Result<()> {
        let deleted = document.text.is_none();
        let text = document.text.unwrap_or_else(|| vec![Bind::Null; self.settings.text.len()]);
        let head = [Bind::Text(document.id), Bind::Int(document.version), Bind::Int(deleted.into())];
        database.prepare_cached(&self.sql.upsert)?.execute(params_from_iter(head.iter().chain(&text)))?;
        if !deleted {
            let doc = Bind::Int(doc.unwrap_or_else(|| database.last_insert_rowid()));
            database.prepare_cached(&self.sql.index)?.execute(params_from_iter(std::iter::once(&doc).chain(&text)))?;
        }
        Ok(())
    }

    fn row(&self, database: &Connection, id: &str) -> Result<Option<Row>, Failure> {
        let mut find = database.prepare_cached(&self.sql.find)?;
        let columns = self.settings.text.len();
        let row = find.query_row(params![id], |row| {
            let text = (3..3 + columns).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            Ok(Row { doc: row.get(0)?, version: row.get(1)?, deleted: row.get(2)?, text })
        });
        Ok(row.optional()?)
    }

    fn document(&self, record: &Record) -> Result<Document, Poison> {
        let fields = Fields::of(record);
        let id = fields.required_text(&self.settings.id)?.into_owned();
        let version = match Bind::of(&plain(&self.settings.version), &fields)? {
            Bind::Int(version) => version,
            other => return Err(wrong(&self.settings.version, &other, "an integer")),
        };
        let deleted = match &self.settings.deleted {
            Some(path) => is_true(path, &fields)?,
            None => false,
        };
        let text = || self.settings.text.iter().map(|path| text(path, &fields)).collect::<Result<Vec<_>, _>>();
        Ok(Document { id, version, text: if deleted { None } else { Some(text()?) } })
    }
}

fn plain(path: &Path) -> Hole {
    Hole { path: path.clone(), optional: false, text: false }
}

fn text(path: &Path, fields: &Fields<'_>) -> Result<Bind, Poison> {
    Bind::of(&Hole { path: path.clone(), optional: false, text: true }, fields)
}

/// A record that does not speak of deletion is none; one that says something else than yes or no is poison.
fn is_true(path: &Path, fields: &Fields<'_>) -> Result<bool, Poison> {
    match Bind::of(&Hole { path: path.clone(), optional: true, text: true }, fields)? {
        Bind::Null => Ok(false),
        Bind::Text(word) if word == "true" => Ok(true),
        Bind::Text(word) if word == "false" => Ok(false),
        other => Err(wrong(path, &other, "true or false")),
    }
}

fn wrong(path: &Path, found: &Bind, expected: &'static str) -> Poison {
    let found = match found {
        Bind::Null => "null".to_owned(),
        Bind::Int(number) => number.to_string(),
        Bind::Real(number) => number.to_string(),
        Bind::Text(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        Bind::Blob(_) => "bytes".to_owned(),
    };
    Poison::WrongKind { path: path.to_string(), found, expected }
}

impl TxEffect<Sqlite> for SearchIndex {
    fn run<'a>(&'a self, record: &'a Record, tx: &'a mut Tx<Sqlite>) -> BoxFuture<'a, Handled> {
        Box::pin(std::future::ready(self.apply(record, tx.connection())))
    }

    fn setup(&self) -> Vec<String> {
        self.sql.setup.clone()
    }

    /// A table of another kind may have one of its names.
    fn statements(&self) -> Vec<String> {
        let Sql { find, upsert, index, unindex, .. } = &self.sql;
        [find, upsert, index, unindex].map(String::clone).into()
    }

    fn target(&self) -> String {
        self.settings.index.clone()
    }

    fn traits(&self, database: &str) -> SinkTraits {
        SinkTraits::versioned(database, true, &self.settings.version.to_string(), Kept::ForEver)
    }
}
