//! `in_flight`: for handlers at most `concurrency`; for a database what was handed to it, whatever `concurrency` says.

mod common;

use common::going::Going;
use std::path::Path;

const EVENTS: u64 = 10;

fn start(folder: &Path, to: &str) -> Going {
    let file = format!(
        "[kafka]\nembedded = {{ data = \"broker\", listen = \"127.0.0.1:0\" }}\n[topics.events]\npartitions = 1\n\
         load = {{ file = \"events.ndjson\", key = \"id\" }}\n[pipelines.one]\nfrom = \"events\"\nconcurrency = 3\n{to}"
    );
    std::fs::write(folder.join("onefold.toml"), file).expect("writes");
    let lines: String = (0..EVENTS).map(|nth| format!("{{\"id\":\"e-{nth}\"}}\n")).collect();
    std::fs::write(folder.join("events.ndjson"), lines).expect("writes");
    Going::start(folder, &["run", "--json"])
}

/// What each event says, until one says so many.
fn in_flight(mut run: Going, until: u64) -> Vec<u64> {
    let mut seen = vec![];
    while seen.last() != Some(&until) {
        let event = run.event(|event| event["in_flight"].is_u64());
        seen.extend(event["in_flight"].as_u64());
    }
    seen
}

#[test]
fn of_handlers_as_many_as_may_work_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = "to.exec = { command = [\"sh\", \"-c\", \"cat > /dev/null; sleep 60\"], timeout = \"100s\" }\n";
    assert_eq!(in_flight(start(folder.path(), to), 3).iter().max(), Some(&3));
}

#[test]
fn of_a_database_what_was_handed_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = rusqlite::Connection::open(folder.path().join("seen.db")).expect("opens");
    db.pragma_update(None, "journal_mode", "wal").expect("as Onefold has it");
    db.execute_batch("CREATE TABLE seen (id TEXT)").expect("made");
    // A trigger that takes its time: what was handed over stays in flight long enough to be seen.
    db.execute_batch(
        "CREATE TRIGGER slow AFTER INSERT ON seen BEGIN SELECT count(*) FROM \
         (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 4000000) SELECT i FROM n); END",
    )
    .expect("made");
    let to = "[pipelines.one.to.sql]\nurl = \"sqlite:seen.db\"\nstatement = \"INSERT INTO seen VALUES ({id})\"\n";
    in_flight(start(folder.path(), to), EVENTS);
}
