//! A sink that is down keeps a drain waiting: it says which pipeline waits for which sink and since when, and
//! `--drain-timeout` ends it with a code of its own and nothing lost.

mod common;

use common::{free_port, run};
use serde_json::Value;
use std::path::Path;

const FILE: &str = r#"
[kafka]
embedded = { data = "data/broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
load = { file = "events.ndjson" }
[pipelines.posts]
from = "events"
to.http.url = "http://127.0.0.1:PORT/receipts"
"#;

const SINK: &str = "[mocks.posts]\nlisten = \"127.0.0.1:PORT\"\nid = \"id\"\nlog = \"data/posts.ndjson\"\n";

fn write(folder: &Path, port: u16, sink: &str) {
    let text = format!("{FILE}{sink}").replace("PORT", &port.to_string());
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
    std::fs::write(folder.join("events.ndjson"), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n").expect("writes");
}

fn events(out: &str, name: &str) -> Vec<Value> {
    let all = out.lines().map(|line| serde_json::from_str::<Value>(line).expect("events alone"));
    all.filter(|event| event["event"] == name).collect()
}

#[test]
fn a_drain_says_what_it_waits_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let sink = format!("http://127.0.0.1:{port}/receipts");
    write(folder.path(), port, "");
    let waited = run(folder.path(), &["run", "--drain", "--drain-timeout", "15s"]).exits(4);
    assert!(waited.err.contains(&format!("posts waits for {sink} since 20")), "{}", waited.err);
    let end = &waited.err[waited.err.rfind("error: ").expect("an error")..];
    assert!(end.starts_with("error: not drained within 15s\n  2 records left in posts; posts waits for"), "{end}");
    assert!(end.contains(&sink) && end.contains("nothing is lost: run it again"), "{end}");
    let [waiting] = events(&waited.out, "waiting").try_into().expect("told once so early");
    assert_eq!((&waiting["pipeline"], &waiting["for"]), (&"posts".into(), &sink.into()), "{waiting}");
    let [ended] = events(&waited.out, "ended").try_into().expect("one pipeline");
    assert_eq!(ended["lag"], 2, "what it left: {ended}");
    assert_eq!(events(&waited.out, "draining")[0]["signal"], Value::Null);
    let last: Value = serde_json::from_str(waited.out.lines().last().expect("a line")).expect("an event");
    assert_eq!((&last["event"], &last["exit_code"]), (&"failed".into(), &4.into()), "the last word: {last}");
    assert_eq!(Some(last["error"].as_str().expect("why")), end.trim_end().strip_prefix("error: "));
    assert!(waited.err.contains("WARN paused: sink down"), "{}", waited.err);
    assert!(!waited.err.contains("onefold::"), "no places in the code: {}", waited.err);

    write(folder.path(), port, SINK);
    let again = run(folder.path(), &["run", "--drain", "--drain-timeout", "1m"]).exits(0);
    assert_eq!(events(&again.out, "ended")[0]["lag"], 0);
    let posted = std::fs::read_to_string(folder.path().join("data/posts.ndjson")).expect("posted");
    assert_eq!(posted.lines().count(), 2, "nothing was lost: {posted}");
}

#[test]
fn only_a_drain_has_a_timeout() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), 1, "");
    run(folder.path(), &["run", "--drain-timeout", "1m"]).exits(2);
    let unit = run(folder.path(), &["run", "--drain", "--drain-timeout", "5"]).exits(2);
    assert!(unit.err.contains("--drain-timeout"), "{}", unit.err);
}

/// One record is answered 404, which says that the sink is down, and the other gets through: nothing pauses for it.
#[test]
fn a_record_that_is_alone_in_finding_its_sink_down_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    write(folder.path(), port, &format!("{SINK}reject = [{{ status = 404, where = {{ id = \"b\" }} }}]\n"));
    let waited = run(folder.path(), &["run", "--drain", "--drain-timeout", "20s"]).exits(4);
    let said = waited.err.lines().find(|line| line.contains("seems down for this record")).unwrap_or_default();
    assert!(said.contains("offset=1") && said.contains("404"), "{}", waited.err);
    let waiting = events(&waited.out, "waiting").pop().expect("the drain says what holds it up");
    assert_eq!((&waiting["partition"], &waiting["offset"]), (&0.into(), &1.into()), "{waiting}");
    let why = waiting["why"].as_str().expect("why");
    assert!(why.starts_with("partition 0, offset 1 failed ") && why.contains("404"), "{why}");
    let end = &waited.err[waited.err.rfind("error: ").expect("an error")..];
    assert!(
        end.contains("1 record left in posts; posts waits for http://") && end.contains("offset 1 failed"),
        "{end}"
    );
    assert_eq!(events(&waited.out, "ended")[0]["lag"], 1, "the other one got through");
}

/// What is committed first and waits for a sink is gone with a stop: how much, and not that nothing is lost.
#[test]
fn a_stop_at_most_once_says_what_it_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    write(folder.path(), port, "");
    let file = folder.path().join("onefold.toml");
    let text = std::fs::read_to_string(&file).expect("written");
    std::fs::write(&file, text.replace("from = ", "guarantee = \"at-most-once\"\nfrom = ")).expect("writes");
    let events: String = (0..20).map(|nth| format!("{{\"id\":\"{nth}\"}}\n")).collect();
    std::fs::write(folder.path().join("events.ndjson"), events).expect("writes");
    let stopped = run(folder.path(), &["run", "--drain", "--drain-timeout", "3s"]).exits(4);
    let end = &stopped.err[stopped.err.rfind("error: ").expect("an error")..];
    assert!(end.contains("did not run before it ended and will not: at most once commits before it runs"), "{end}");
    assert!(!stopped.err.to_lowercase().contains("nothing is lost"), "{}", stopped.err);
    let lost: u32 = end
        .split("records did not run")
        .next()
        .and_then(|text| text.split_whitespace().last())
        .map_or(0, |count| count.parse().unwrap_or(0));
    assert_eq!(lost, 20, "{end}");
}
