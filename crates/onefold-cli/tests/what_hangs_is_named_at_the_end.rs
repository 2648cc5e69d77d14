//! A statement that never ends holds its database's only thread, so that nothing can be noted there either. Asked to end, a
//! run waits for it as long as a group lets a member go, and says where it hung.

mod common;

use common::onefold;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FILE: &str = r#"
[kafka]
embedded = { data = "broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
load = { file = "events.ndjson" }
[pipelines.seen]
from = "events"
[pipelines.seen.to.sql]
url = "sqlite:seen.db"
setup = "CREATE TABLE IF NOT EXISTS seen (id TEXT)"
statement = """
INSERT INTO seen SELECT {id} FROM (WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n)"""
"#;

#[test]
fn what_hangs_is_named_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("onefold.toml"), FILE).expect("writes");
    std::fs::write(folder.path().join("events.ndjson"), "{\"id\":\"a\"}\n").expect("writes");
    let mut command = onefold(folder.path(), &["run"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let events = BufReader::new(child.stdout.take().expect("piped")).lines();
    events.map(|line| line.expect("text")).find(|line| line.contains("\"delivered\":1")).expect("it is given out");
    let asked = Instant::now();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    let mut log = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut log).expect("reads");
    child.wait().expect("ends");
    assert!(asked.elapsed() < Duration::from_secs(60), "it waits for no more than the group does");
    assert!(log.contains("given up while it still runs records from offset 0 on (1 of them)"), "{log}");
    assert!(log.contains("the next owner counts this as an end of the process"), "{log}");
}
