//! A wrong table or column costs no dead letters: `check` and the start of `run` try each statement on the tables that the
//! database has and that `setup` makes. A setup that takes from what durability rests on is refused, and a file that cannot
//! be used now is named, with what to do.

mod common;

use common::run;
use rusqlite::Connection;
use std::path::Path;

const FILE: &str = r#"
[kafka]
embedded = { data = "broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
load = { file = "events.ndjson" }
[pipelines.seen]
from = "events"
[pipelines.seen.to.sql]
url = "sqlite:seen?.db"
setup = "SETUP"
statement = "STATEMENT"
"#;

const SETUP: &str = "CREATE TABLE IF NOT EXISTS seen (id TEXT)";

fn home(setup: &str, statement: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), setup, statement);
    std::fs::write(folder.path().join("events.ndjson"), "{\"id\":\"a\"}\n").expect("writes");
    folder
}

fn write(folder: &Path, setup: &str, statement: &str) {
    let file = FILE.replace("SETUP", setup).replace("STATEMENT", statement);
    std::fs::write(folder.join("onefold.toml"), file).expect("writes");
}

#[track_caller]
fn refused(folder: &Path, what: &[&str]) {
    for args in [&["check"][..], &["run", "--drain"]] {
        let said = run(folder, args).exits(2).err;
        assert!(what.iter().all(|what| said.contains(what)), "{what:?} in {said}");
    }
    assert!(!folder.join("broker").exists(), "nothing was started");
}

#[test]
fn before_there_is_a_file_what_setup_makes_counts() {
    let folder = home(SETUP, "INSERT INTO sene VALUES ({id})");
    refused(
        folder.path(),
        &["pipelines.seen.to.sql.statement: no such table: sene", "12:14", "seen?.db is not there yet"],
    );
    write(folder.path(), SETUP, "INSERT INTO seen (idd) VALUES ({id})");
    refused(folder.path(), &["table seen has no column named idd"]);
    assert!(!folder.path().join("seen?.db").exists(), "looking makes nothing");
    write(folder.path(), SETUP, "INSERT INTO seen VALUES ({id})");
    run(folder.path(), &["check"]).exits(0);
    // One statement of a record may make what the next one needs.
    write(folder.path(), SETUP, "CREATE TABLE IF NOT EXISTS more (id TEXT); INSERT INTO more VALUES ({id})");
    run(folder.path(), &["check"]).exits(0);
    run(folder.path(), &["run", "--drain"]).exits(0);
}

#[test]
fn where_there_is_a_file_its_own_tables_count() {
    for journal in ["wal", "delete"] {
        let folder = home(SETUP, "INSERT INTO seen VALUES ({id})");
        let db = Connection::open(folder.path().join("seen?.db")).expect("opens");
        db.pragma_update(None, "journal_mode", journal).expect("set");
        db.execute_batch("CREATE TABLE seen (id TEXT, at INTEGER NOT NULL); CREATE TABLE old (id TEXT)").expect("made");
        drop(db);
        refused(folder.path(), &["table seen has 2 columns but 1 values were supplied"]);
        write(folder.path(), SETUP, "INSERT INTO old VALUES ({id})");
        run(folder.path(), &["check"]).exits(0);
        let beside = |end: &str| folder.path().join(format!("seen?.db-{end}")).exists();
        assert!(!beside("wal") && !beside("shm"), "looking leaves nothing beside it ({journal})");
        run(folder.path(), &["run", "--drain"]).exits(0);
    }
}

/// It runs at each start: what only bears the first one is said before that, and not at the second.
#[test]
fn a_setup_that_bears_no_second_start_is_refused_at_the_first() {
    let folder = home("CREATE TABLE seen (id TEXT)", "INSERT INTO seen VALUES ({id})");
    refused(
        folder.path(),
        &[
            "setup runs at each start, and table seen is there then",
            "write `CREATE TABLE IF NOT EXISTS` in place of `CREATE TABLE`",
            "1 error",
        ],
    );
    for (more, what) in [
        ("INSERT INTO seen VALUES ('none')", "UNIQUE constraint failed: seen.id"),
        ("ALTER TABLE seen ADD COLUMN at", "duplicate column name: at"),
        ("DROP TABLE IF EXISTS old; CREATE TABLE old (x); DROP TABLE seen", "no such table: seen"),
    ] {
        let setup = "CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY)";
        write(folder.path(), &format!("{setup}; {more}"), "INSERT INTO seen (id) VALUES ({id})");
        match more.contains("DROP TABLE seen") {
            // Made again by each start, it is there at the end of none.
            true => refused(folder.path(), &[what]),
            false => refused(folder.path(), &["fails when it runs again, as it does at each start", what]),
        }
    }
    let again = "CREATE TABLE IF NOT EXISTS seen (id TEXT); DELETE FROM seen WHERE id = ''; INSERT OR IGNORE INTO seen \
                 SELECT 'a' WHERE 0; DROP VIEW IF EXISTS few; CREATE VIEW few AS SELECT id FROM seen";
    write(folder.path(), again, "INSERT INTO seen VALUES ({id})");
    for _ in 0..2 {
        run(folder.path(), &["check"]).exits(0);
        run(folder.path(), &["run", "--drain"]).exits(0);
    }
}

/// All of a list runs, then all of it again, on another connection and at another time.
#[test]
fn a_setup_that_bears_a_second_start_as_a_whole_is_taken() {
    let folder = home(SETUP, "INSERT INTO seen VALUES ({id})");
    let seen = r#""CREATE TABLE IF NOT EXISTS seen (id TEXT)""#;
    for list in [
        r#""DROP VIEW IF EXISTS few", SEEN, "CREATE VIEW few AS SELECT id FROM seen""#,
        r#"SEEN, "DROP TABLE IF EXISTS old", "CREATE TABLE old AS SELECT id FROM seen", "DROP TABLE old""#,
        r#"SEEN, "CREATE TEMP TABLE mine (x)""#,
        r#"SEEN, "CREATE TABLE IF NOT EXISTS starts (at TEXT PRIMARY KEY)", "INSERT INTO starts VALUES (strftime('%f', 'now'))""#,
    ] {
        let list = format!("[{}]", list.replace("SEEN", seen));
        let file = FILE.replace("\"SETUP\"", &list).replace("STATEMENT", "INSERT INTO seen VALUES ({id})");
        std::fs::write(folder.path().join("onefold.toml"), file).expect("writes");
        for _ in 0..2 {
            run(folder.path(), &["check"]).exits(0);
            run(folder.path(), &["run", "--drain"]).exits(0);
        }
    }
}

#[test]
fn a_setup_in_any_script_is_looked_at() {
    let folder = home("CREATE TABLE été (x); CREATE TABLE t (y)", "INSERT INTO t VALUES ({id})");
    refused(folder.path(), &["table t is there then", "2 errors"]);
}

#[test]
fn a_setup_that_takes_from_durability_is_refused() {
    for pragma in [
        "synchronous = OFF",
        "main.SYNCHRONOUS(1)",
        "journal_mode = MEMORY",
        "locking_mode=EXCLUSIVE",
        "writable_schema=1",
    ] {
        let folder = home(&format!("{SETUP}; PRAGMA {pragma}"), "INSERT INTO seen VALUES ({id})");
        refused(folder.path(), &["changes what the promise rests on", "PRAGMA synchronous"]);
    }
    let folder = home("DELETE FROM onefold_position", "INSERT INTO seen VALUES ({id})");
    refused(folder.path(), &["changes what the promise rests on", "writes to onefold_* tables"]);
    let folder = home("BEGIN; CREATE TABLE seen (id TEXT)", "INSERT INTO seen VALUES ({id})");
    refused(folder.path(), &["leaves a transaction open"]);
    let harmless = format!("{SETUP}; PRAGMA synchronous=EXTRA; PRAGMA journal_mode; PRAGMA cache_size=-20000");
    let folder = home(&harmless, "INSERT INTO seen VALUES ({id})");
    run(folder.path(), &["run", "--drain"]).exits(0);
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = home(SETUP, "INSERT INTO seen VALUES ({id})");
    let path = folder.path().join("seen?.db");
    let db = Connection::open(&path).expect("opens");
    db.execute_batch("CREATE TABLE seen (id TEXT); BEGIN EXCLUSIVE").expect("holds it");
    run(folder.path(), &["check"]).exits(0); // nothing is known of its tables now
    let locked = run(folder.path(), &["run", "--drain"]).exits(1).err;
    assert!(locked.contains("seen?.db: database is locked") && locked.contains("fuser"), "{locked}");
    drop(db);
    run(folder.path(), &["run", "--drain"]).exits(0);
    // Held only against writers, it opens well: the first that is written waits, and says for what.
    let db = Connection::open(&path).expect("opens");
    db.execute_batch("BEGIN IMMEDIATE").expect("holds it");
    let waits = run(folder.path(), &["run", "--drain", "--drain-timeout", "8s"]).exits(4).err;
    assert!(waits.contains("seen?.db: database is locked") && waits.contains("fuser"), "{waits}");
    drop(db);
    for beside in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("seen?.db{beside}")));
    }
    std::fs::write(&path, "this is a letter to my aunt, and no database at all; it is long enough to be read as one")
        .expect("writes");
    let other = run(folder.path(), &["run", "--drain"]).exits(1).err;
    assert!(other.contains("seen?.db: file is not a database") && other.contains("name another file"), "{other}");
}

/// A run says it at its start; check says it before, of each file that the settings name, and leaves all as it is.
#[test]
fn a_file_that_is_no_database_is_said_by_check() {
    let folder = home(SETUP, "INSERT INTO seen VALUES ({id})");
    let text = std::fs::read_to_string(folder.path().join("onefold.toml")).expect("reads");
    let more = "[pipelines.posts]\nfrom = \"events\"\ndedup = { store = \"sqlite:ids.db\" }\n\
                to.http = { url = \"http://127.0.0.1:1/\" }\n[pipelines.new]\nfrom = \"events\"\n\
                dedup = { store = \"sqlite:new.db\" }\nto.http = { url = \"http://127.0.0.1:1/\" }\n";
    std::fs::write(folder.path().join("onefold.toml"), format!("{text}{more}")).expect("writes");
    let letter = "this is a letter to my aunt, and no database at all; it is long enough to be read as one";
    let files = || {
        let names = std::fs::read_dir(folder.path()).expect("reads").map(|entry| entry.expect("reads").file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    for (content, problems) in [(letter, 2), ("short", 2), ("", 0)] {
        std::fs::write(folder.path().join("seen?.db"), content).expect("writes");
        std::fs::write(folder.path().join("ids.db"), content).expect("writes");
        let before = files();
        let said = run(folder.path(), &["check"]).exits(if problems > 0 { 2 } else { 0 }).err;
        assert_eq!(said.matches("error: ").count(), problems, "{said}");
        assert_eq!(said.matches("is there, and is no SQLite database").count(), problems, "{said}");
        if problems > 0 {
            assert!(
                said.contains("pipelines.seen.to.sql.url: seen?.db") && said.contains("onefold.toml:10:7"),
                "{said}"
            );
            assert!(said.contains("pipelines.posts.dedup.store: ids.db"), "{said}");
            assert!(said.contains("to do          name another file, or move this one away"), "{said}");
        }
        assert_eq!(files(), before, "looking makes nothing");
        let left = std::fs::read_to_string(folder.path().join("seen?.db")).expect("reads");
        assert_eq!(left, content, "looking changes nothing");
    }
}
