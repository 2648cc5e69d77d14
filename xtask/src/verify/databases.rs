//! The two SQLite files, read with plain SQL as any user could.

use super::expect::Row;
use anyhow::Context;
use rusqlite::{Connection, OpenFlags};
use std::{collections::BTreeMap, path::Path};

/// Points per user.
pub fn points(data: &Path) -> anyhow::Result<BTreeMap<String, i64>> {
    let database = open(&data.join("loyalty.db"))?;
    let mut query = database.prepare("SELECT user_id, points FROM points")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The rows of the content table that are not tombstones, by payment.
pub fn content(data: &Path) -> anyhow::Result<BTreeMap<String, Row>> {
    let database = open(&data.join("search.db"))?;
    let mut query = database.prepare("SELECT id, version, user_id, note FROM payments WHERE NOT deleted")?;
    let rows = query.query_map([], |row| {
        let found = Row { version: row.get(1)?, user: row.get(2)?, note: row.get(3)?, deleted: false };
        Ok((row.get(0)?, found))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How the full-text index differs from the rows: SQLite's own check, and for each word the payments that it finds.
pub fn index_disagrees(data: &Path, rows: &BTreeMap<String, Row>) -> anyhow::Result<Vec<String>> {
    let database = open(&data.join("search.db"))?;
    let mut wrong = Vec::new();
    for word in ["croissant", "terrace", "corrected", "voucher", "crème", "strudel"] {
        let mut query = database.prepare("SELECT count(*) FROM payments_fts WHERE payments_fts MATCH ?1")?;
        let found: i64 = query.query_row([word], |row| row.get(0))?;
        let expected = rows.values().filter(|row| words(&row.note).any(|one| one == word)).count() as i64;
        if found != expected {
            wrong.push(format!("finds {found} payments for '{word}', expected {expected}"));
        }
    }
    Ok(wrong)
}

fn words(note: &str) -> impl Iterator<Item = String> {
    note.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase)
}

fn open(path: &Path) -> anyhow::Result<Connection> {
    // Not read-only: after a kill SQLite itself must first bring its write-ahead log back.
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("cannot open {}", path.display()))
}
