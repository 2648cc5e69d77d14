//! The two SQLite files, read with plain SQL as any user could.

use super::{Differences, expect::Row};
use anyhow::Context;
use rusqlite::{Connection, OpenFlags};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

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

/// How the full-text index differs from the rows: for every word there is, in how many payments it is found.
pub fn index_disagrees(data: &Path, rows: &BTreeMap<String, Row>) -> anyhow::Result<Vec<String>> {
    let database = open(&data.join("search.db"))?;
    // Its own comparison with its content; what it finds wrong is an error.
    database.execute_batch("INSERT INTO payments_fts (payments_fts, rank) VALUES ('integrity-check', 1)")?;
    database.execute_batch("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, 'payments_fts', 'row')")?;
    let mut query = database.prepare("SELECT term, doc FROM temp.words")?;
    let found =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<BTreeMap<String, i64>, _>>()?;
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for row in rows.values() {
        let both = format!("{} {}", row.user, row.note);
        for word in words(&both).collect::<BTreeSet<_>>() {
            *expected.entry(word).or_default() += 1;
        }
    }
    let mut wrong = Differences::default();
    wrong.maps("word", &expected, &found);
    Ok(wrong.0)
}

/// As SQLite's tokenizer `unicode61` cuts and folds them, for the letters that the example has.
fn words(text: &str) -> impl Iterator<Item = String> {
    let word = |word: &str| word.to_lowercase().replace(['è', 'é'], "e").replace('ö', "o");
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(word)
}

fn open(path: &Path) -> anyhow::Result<Connection> {
    // Not read-only: after a kill SQLite itself must first bring its write-ahead log back.
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("cannot open {}", path.display()))
}
