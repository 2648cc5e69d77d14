//! The index holds each document's newest version, whatever order versions come in and however often. FTS5 knows no
//! upsert, so the row and its index are compared after every step with a plain reading of the same changes.
#![cfg(feature = "search")]
#![allow(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use onefold::boundary::search::SearchIndex;
use onefold::boundary::sql::Tx;
use onefold::boundary::sql::sqlite::Sqlite;
use onefold::boundary::{TxEffect, sql};
use onefold::settings::{File, SinkSettings};
use onefold::{Handled, Outcome, Record};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

const SETTINGS: &str = r#"
[kafka]
bootstrap = "k:9092"
[pipelines.search]
from = "payments"
[pipelines.search.to.search]
url = "sqlite:search.db"
index = "payments"
id = "data.id"
version = "data.version"
deleted = "data.deleted"
text = ["data.user", "data.note"]
"#;

struct Index {
    effect: SearchIndex,
    tx: sql::Tx<Sqlite>,
}

impl Index {
    fn new() -> Index {
        let file =
            File::parse(Path::new("onefold.toml"), SETTINGS.to_owned()).unwrap_or_else(|wrong| panic!("{wrong}"));
        let SinkSettings::Search(search) = file.pipelines[0].to.clone() else { panic!("not search") };
        let (effect, database) = (SearchIndex::new(search), Connection::open_in_memory().unwrap());
        for again in 0..2 {
            for statement in effect.setup() {
                database.execute_batch(&statement).unwrap_or_else(|why| panic!("setup {again}: {why}"));
            }
        }
        Index { effect, tx: Tx::lend(database) }
    }

    fn apply(&mut self, value: &str) -> Handled {
        let record = Record::new("payments", None, Some(value.as_bytes()));
        futures_util::FutureExt::now_or_never(self.effect.run(&record, &mut self.tx)).expect("runs inline")
    }

    fn find(&mut self, words: &str) -> Vec<String> {
        let sql = "SELECT id FROM payments_fts JOIN payments ON payments.doc = payments_fts.rowid \
                   WHERE payments_fts MATCH ?1 ORDER BY id";
        let mut query = self.tx.connection().prepare(sql).unwrap();
        query.query_map([words], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn rebuild(&mut self) {
        self.tx.connection().execute("INSERT INTO payments_fts(payments_fts) VALUES ('rebuild')", []).unwrap();
    }

    /// SQLite's own comparison of the index with the table: rows that are deleted are in the one and not in the other.
    fn is_sound(&mut self, live: usize) {
        let database = self.tx.connection();
        let check = "INSERT INTO payments_fts(payments_fts, rank) VALUES ('integrity-check', 1)";
        database.execute(check, []).unwrap();
        let indexed: i64 =
            database.query_row("SELECT count(*) FROM payments_fts_docsize", [], |row| row.get(0)).unwrap();
        assert_eq!(indexed, live as i64);
    }
}

fn change(id: u64, version: i64, note: &str) -> String {
    format!(r#"{{"data":{{"id":"p-{id}","version":{version},"user":"u-1","note":"{note}"}}}}"#)
}

fn deletion(id: u64, version: i64) -> String {
    format!(r#"{{"data":{{"id":"p-{id}","version":{version},"deleted":true}}}}"#)
}

#[test]
fn newer_versions_replace_older_ones_and_older_ones_change_nothing() {
    let mut index = Index::new();
    assert!(matches!(index.apply(&change(1, 2, "green tea")), Ok(Outcome::Done)));
    assert!(matches!(index.apply(&change(1, 1, "black tea")), Ok(Outcome::Stale(_))));
    assert!(matches!(index.apply(&change(1, 2, "green tea")), Ok(Outcome::Stale(_))));
    assert_eq!((index.find("green"), index.find("black")), (vec!["p-1".to_owned()], vec![]));
    assert!(matches!(index.apply(&change(1, 3, "coffee")), Ok(Outcome::Done)));
    assert_eq!((index.find("green"), index.find("coffee")), (vec![], vec!["p-1".to_owned()]));
    index.is_sound(1);
}

#[test]
fn a_tombstone_outlives_late_versions_and_yields_to_a_newer_one() {
    let mut index = Index::new();
    assert!(matches!(index.apply(&deletion(1, 5)), Ok(Outcome::Done)));
    assert!(matches!(index.apply(&change(1, 4, "late")), Ok(Outcome::Stale(_))));
    assert!(index.find("late").is_empty());
    assert!(matches!(index.apply(&change(1, 6, "back")), Ok(Outcome::Done)));
    assert_eq!(index.find("back"), ["p-1"]);
    assert!(matches!(index.apply(&deletion(1, 7)), Ok(Outcome::Done)));
    assert!(index.find("back").is_empty());
    index.is_sound(0);
}

#[test]
fn what_is_missing_or_of_another_kind_is_poison() {
    let mut index = Index::new();
    for value in [
        "not json",
        r#"{"data":{"version":1,"user":"u","note":"n"}}"#,
        r#"{"data":{"id":"p","user":"u","note":"n"}}"#,
        r#"{"data":{"id":"p","version":"one","user":"u","note":"n"}}"#,
        r#"{"data":{"id":"p","version":1.5,"user":"u","note":"n"}}"#,
        r#"{"data":{"id":"p","version":1,"note":"n"}}"#,
        r#"{"data":{"id":"p","version":1,"user":"u","note":"n","deleted":"perhaps"}}"#,
    ] {
        let failure = index.apply(value).expect_err(value);
        assert_eq!(failure.class, onefold::ErrorClass::Poison, "{value}");
    }
    index.is_sound(0);
}

/// Random changes of a few documents, against a map.
#[test]
fn any_order_ends_at_the_newest_version() {
    for seed in 0..20 {
        let (mut rng, mut index) = (fastrand::Rng::with_seed(seed), Index::new());
        let mut naive: BTreeMap<u64, (i64, Option<String>)> = BTreeMap::new();
        for step in 0..200 {
            let (id, version, note) = (rng.u64(..6), rng.i64(..40), format!("word{step}"));
            let deleted = rng.u8(..4) == 0;
            let value = if deleted { deletion(id, version) } else { change(id, version, &note) };
            index.apply(&value).unwrap();
            if naive.get(&id).is_none_or(|(known, _)| *known < version) {
                naive.insert(id, (version, (!deleted).then_some(note)));
            }
        }
        for (id, (_, note)) in naive.iter().filter_map(|(id, row)| Some((id, (row.0, row.1.as_ref()?)))) {
            assert_eq!(index.find(note), [format!("p-{id}")], "seed {seed}");
        }
        let live = naive.values().filter(|(_, note)| note.is_some()).count();
        index.is_sound(live);
        index.rebuild();
        index.is_sound(live);
    }
}

#[test]
fn an_index_that_somebody_has_rebuilt_is_kept_as_before() {
    let mut index = Index::new();
    index.apply(&change(1, 1, "coffee")).unwrap();
    index.apply(&change(2, 1, "tea")).unwrap();
    index.apply(&deletion(2, 2)).unwrap();
    index.rebuild();
    index.is_sound(1);
    index.apply(&change(2, 3, "cocoa")).unwrap();
    index.apply(&deletion(1, 2)).unwrap();
    assert_eq!((index.find("cocoa"), index.find("coffee")), (vec!["p-2".to_owned()], vec![]));
    index.is_sound(1);
}
