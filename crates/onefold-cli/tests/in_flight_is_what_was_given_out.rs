//! `in_flight`: for handlers at most `concurrency`; for a database what was handed to it, whatever `concurrency` says.

mod common;

use common::onefold;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

const EVENTS: u64 = 10;

struct Run(Child);

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, to: &str) -> (Run, BufReader<ChildStdout>) {
    let file = format!(
        "[kafka]\nembedded = {{ data = \"broker\", listen = \"127.0.0.1:0\" }}\n[topics.events]\npartitions = 1\n\
         load = {{ file = \"events.ndjson\", key = \"id\" }}\n[pipelines.one]\nfrom = \"events\"\nconcurrency = 3\n{to}"
    );
    std::fs::write(folder.join("onefold.toml"), file).expect("writes");
    let lines: String = (0..EVENTS).map(|nth| format!("{{\"id\":\"e-{nth}\"}}\n")).collect();
    std::fs::write(folder.join("events.ndjson"), lines).expect("writes");
    let mut command = onefold(folder, &["run", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
    let events = BufReader::new(child.stdout.take().expect("piped"));
    (Run(child), events)
}

/// What each event says, until one says so many.
fn in_flight(events: BufReader<ChildStdout>, until: u64) -> Vec<u64> {
    let mut seen = vec![];
    for line in events.lines() {
        let event: Value = serde_json::from_str(&line.expect("text")).expect("an event");
        seen.extend(event["in_flight"].as_u64());
        if seen.last() == Some(&until) {
            return seen;
        }
    }
    panic!("never {until}: {seen:?}");
}

#[test]
fn of_handlers_as_many_as_may_work_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = "to.exec = { command = [\"sh\", \"-c\", \"cat > /dev/null; sleep 60\"], timeout = \"100s\" }\n";
    let (_run, events) = start(folder.path(), to);
    assert_eq!(in_flight(events, 3).iter().max(), Some(&3));
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
    let (_run, events) = start(folder.path(), to);
    in_flight(events, EVENTS);
}
