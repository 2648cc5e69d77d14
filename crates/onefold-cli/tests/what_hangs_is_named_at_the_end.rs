//! A statement that never ends holds its database's only thread, so that nothing can be noted there either. Asked to end, a
//! run waits for it as long as a group lets a member go, and says where it hung.

mod common;

use common::going::Going;
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
    let mut running = Going::start(folder.path(), &["run"]);
    running.event(|event| event["delivered"] == 1);
    let asked = Instant::now();
    running.signal("-TERM");
    let (said, _) = running.end();
    let log = said.concat();
    assert!(asked.elapsed() < Duration::from_secs(60), "it waits for no more than the group does");
    assert!(log.contains("given up while it still runs records from offset 0 on (1 of them)"), "{log}");
    assert!(log.contains("the next owner counts this as an end of the process"), "{log}");
}
