use crate::settings::{SearchSettings, columns};

/// The statements of one index, made once.
#[derive(Debug, Clone)]
pub(super) struct Sql {
    pub setup: Vec<String>,
    pub find: String,
    pub upsert: String,
    pub index: String,
    pub unindex: String,
}

/// What is made for an index of this name: the table, the index, the view that is its content, and the tables that FTS5 keeps
/// to itself (<https://www.sqlite.org/fts5.html#fts5_data_structures>; `_content` where an index has text of its own).
const KINDS: [&str; 8] =
    ["", "_fts", "_fts_live", "_fts_data", "_fts_idx", "_fts_content", "_fts_docsize", "_fts_config"];

/// The names that an index of this name takes, in small letters: SQLite makes no difference.
pub(crate) fn names(index: &str) -> [String; 8] {
    KINDS.map(|kind| format!("{index}{kind}").to_ascii_lowercase())
}

impl Sql {
    pub fn of(settings: &SearchSettings) -> Sql {
        let [table, live, fts] = ["", "_fts_live", "_fts"].map(|kind| quoted(&format!("{}{kind}", settings.index)));
        let names: Vec<String> = columns(&settings.text).iter().map(|name| quoted(name)).collect();
        let list = names.join(", ");
        let marks = |first: usize| (first..first + names.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let replaced: Vec<String> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
        Sql {
            setup: vec![
                // `doc` is declared, since a rowid that is not may change at a VACUUM, and the index points at it.
                format!(
                    "CREATE TABLE IF NOT EXISTS {table} (doc INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, \
                     version INTEGER NOT NULL, deleted INTEGER NOT NULL, {list})"
                ),
                // What FTS5 compares the index with, and makes it anew from: tombstones are in neither.
                format!("CREATE VIEW IF NOT EXISTS {live} AS SELECT doc, {list} FROM {table} WHERE NOT deleted"),
                format!(
                    "CREATE VIRTUAL TABLE IF NOT EXISTS {fts} USING fts5({list}, content={live}, content_rowid='doc')"
                ),
            ],
            find: format!("SELECT doc, version, deleted, {list} FROM {table} WHERE id = ?1"),
            upsert: format!(
                "INSERT INTO {table} (id, version, deleted, {list}) VALUES (?1, ?2, ?3, {}) \
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted, {}",
                marks(4),
                replaced.join(", ")
            ),
            index: format!("INSERT INTO {fts} (rowid, {list}) VALUES (?1, {})", marks(2)),
            unindex: format!("INSERT INTO {fts} ({fts}, rowid, {list}) VALUES ('delete', ?1, {})", marks(2)),
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
