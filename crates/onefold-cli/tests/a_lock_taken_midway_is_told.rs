//! Another program takes a write lock on a database while a run goes on: the log names the file and what holds it, though
//! only one record came, and everything goes on when the lock goes. At the start the same lock ends the run by that name.

mod common;

use common::going::Going;
use common::{run, run_with_input};
use rusqlite::Connection;
use serde_json::Value;

const FILE: &str = r#"
[kafka]
embedded = { data = "broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
[pipelines.one]
from = "events"
"#;

const SQL: &str = r#"
[pipelines.one.to.sql]
url = "sqlite:data/held.db"
setup = "CREATE TABLE IF NOT EXISTS seen (id TEXT)"
statement = "INSERT INTO seen VALUES ({id})"
"#;

const IDS: &str = r#"
dedup = { store = "sqlite:data/held.db", id = "id" }
to.exec = { command = ["true"] }
"#;

/// What it says that it waits for, where this is what the database is to it.
fn held_midway(rest: &str, target: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("onefold.toml"), format!("{FILE}{rest}")).expect("writes");
    let mut running = Going::start(folder.path(), &["run"]);
    running.event(|event| event["partitions"] == 1);
    let produce = |id: &str| {
        run_with_input(folder.path(), &["produce", "events"], &format!("{{\"id\":\"{id}\"}}\n")).exits(0);
    };
    produce("a");
    running.event(|event| event["effects"] == 1);
    let db = Connection::open(folder.path().join("data/held.db")).expect("opens");
    db.execute_batch("BEGIN IMMEDIATE").expect("holds it");
    produce("b");
    let paused = running.event(|event| event["event"] == "progress" && !event["paused"].is_null());
    for said in [running.err.until("WARN paused"), paused["paused"].to_string()] {
        assert!(said.contains("the SQLite file data/held.db: ") && said.contains("database is locked"), "{said}");
        assert!(
            said.contains("another program has a transaction open on it (fuser data/held.db says which)"),
            "{said}"
        );
    }
    let waiting = running.event(|event| event["event"] == "waiting");
    assert_eq!((&waiting["for"], &waiting["partition"]), (&target.into(), &Value::Null), "{waiting}");
    db.execute_batch("ROLLBACK").expect("lets go");
    running.err.until("WARN goes on: ");
    let on = running.event(|event| event["effects"] == 2);
    assert_eq!((&on["paused"], &on["dead"]), (&Value::Null, &0.into()), "{on}");
}

#[test]
fn of_the_database_of_effects() {
    held_midway(SQL, "sqlite:data/held.db");
}

#[test]
fn of_the_database_of_ids() {
    held_midway(IDS, "the store of its ids");
}

#[test]
fn of_the_database_of_ids_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("onefold.toml"), format!("{FILE}{IDS}")).expect("writes");
    run(folder.path(), &["run", "--drain"]).exits(0);
    let db = Connection::open(folder.path().join("data/held.db")).expect("opens");
    for lock in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        db.execute_batch(lock).expect("holds it");
        let said = run(folder.path(), &["run", "--drain"]).exits(1).err;
        let end = &said[said.rfind("error: ").expect("an error")..];
        assert!(end.contains("data/held.db: database is locked") && end.contains("fuser"), "{lock}: {end}");
        db.execute_batch("ROLLBACK").expect("lets go");
    }
}
