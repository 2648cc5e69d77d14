//! What one command puts in, the others find: topics, records, groups, lag; and a pipeline of a file from start to end.

mod common;

use common::{Broker, run, run_with_input};
use std::path::Path;

fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn topics_records_and_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    assert_eq!(at(&["topics", "create", "orders", "--partitions", "3"]).exits(0).err, "created orders\n");
    at(&["topics", "create", "orders"]).exits(1);
    assert_eq!(at(&["topics", "list"]).exits(0).out, "topic   partitions\norders           3\n");

    let input = "{\"user\":\"ada\",\"n\":1}\n{\"user\":\"ada\",\"n\":2}\n\nnot json\n{\"user\":\"bob\",\"n\":3}";
    let produce = ["produce", "orders", "--key", "user", "--json", "--bootstrap", &broker.address];
    let produced = run_with_input(folder.path(), &produce, input).exits(0);
    let result: serde_json::Value = serde_json::from_str(&produced.out).expect("JSON");
    assert_eq!(
        (&result["topic"], &result["produced"], &result["without_key"]),
        (&"orders".into(), &4.into(), &1.into())
    );

    let all = at(&["consume", "orders", "--drain"]).exits(0).out;
    assert_eq!(
        lines(&all),
        lines("not json\n{\"user\":\"ada\",\"n\":1}\n{\"user\":\"ada\",\"n\":2}\n{\"user\":\"bob\",\"n\":3}")
    );
    assert!(all.find("\"n\":1") < all.find("\"n\":2"), "a key's order holds");
    assert_eq!(at(&["consume", "orders", "--max", "2"]).exits(0).out.lines().count(), 2);
    let json = at(&["consume", "orders", "--drain", "--json"]).exits(0).out;
    let records: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records.iter().filter(|record| record["key"] == "ada").count(), 2);

    assert_eq!(at(&["consume", "orders", "--group", "readers", "--drain"]).exits(0).out.lines().count(), 4);
    let more = ["produce", "orders", "--bootstrap", &broker.address, "--key", "user"];
    // Keys enough for every partition: also those that the group has no position in count.
    let late: String = (0..30).map(|n| format!("{{\"user\":\"u-{n}\"}}\n")).collect();
    assert_eq!(run_with_input(folder.path(), &more, &late).exits(0).err, "30 records in orders\n");
    let groups = at(&["groups", "describe", "readers", "--json"]).exits(0).out;
    // A partition in which the group has no position yet has no lag: what is in it counts here.
    let left = |line: serde_json::Value| line["lag"].as_i64().or_else(|| line["end"].as_i64()).expect("a number");
    let lag: i64 = groups.lines().map(|line| left(serde_json::from_str(line).expect("JSON"))).sum();
    assert_eq!(lag, 30);
    at(&["groups", "describe", "nobody"]).exits(1);
    let missing = at(&["consume", "elsewhere"]).exits(1).err;
    let fix = format!("onefold topics create elsewhere --bootstrap {}\n", broker.address);
    assert!(missing.ends_with(&fix), "what is printed reaches the same cluster: {missing}");
    let beyond = at(&["consume", "orders", "--from", "9999", "--drain"]).exits(0);
    assert_eq!(beyond.out, "", "nothing is beyond the end");
    assert!(beyond.err.starts_with("--from 9999 is beyond the end of partition 0, which ends at "), "{}", beyond.err);
    assert!(beyond.err.ends_with(": there is nothing to print\n"), "{}", beyond.err);
    let each = ["0", "1", "2"].map(|one| at(&["consume", "orders", "--drain", "--partition", one]).exits(0).out);
    assert_eq!(each.map(|out| out.lines().count()).iter().sum::<usize>(), 34, "each record is in one partition");
    let none = at(&["consume", "orders", "--partition", "3", "--drain"]).exits(1);
    assert_eq!(none.err, "error: orders has no partition 3: it has 0 to 2\n");
    at(&["consume", "orders", "--partition", "0", "--group", "readers"]).exits(2);
    let misspelt = at(&["consume", "ordres"]).exits(1).err;
    assert!(misspelt.contains("\n  nearest        orders\n"), "{misspelt}");
    let both = at(&["consume", "orders", "--group", "readers", "--from", "earliest"]).exits(2);
    assert!(both.err.contains("--from has no effect"), "{}", both.err);

    assert_eq!(
        at(&["topics", "delete", "orders", "--dry-run"]).exits(0).out,
        "would delete orders: 3 partitions, 34 records\n"
    );
    for (misspelt, hint) in [("ordres", "nearest        orders"), ("nope", "onefold topics list --bootstrap")] {
        let missing = at(&["topics", "delete", misspelt]).exits(1).err;
        assert!(missing.contains(hint) && !missing.contains("create"), "nobody wants to create it: {missing}");
    }
    at(&["topics", "delete", "orders"]).exits(0);
    at(&["topics", "describe", "orders"]).exits(1);
    at(&["groups", "delete", "nobody", "--dry-run"]).exits(1);
}

/// The broker makes topics when asked: one that is only misspelt must not go unnoticed.
#[test]
fn a_topic_that_producing_makes_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let produce = ["produce", "ordres", "--bootstrap", &broker.address];
    let first = run_with_input(folder.path(), &produce, "{}\n").exits(0);
    assert_eq!(first.err, "there was no topic ordres: the broker made it, with 4 partitions\n1 record in ordres\n");
    assert_eq!(run_with_input(folder.path(), &produce, "{}\n").exits(0).err, "1 record in ordres\n");
}

const FILE: &str = r#"
[kafka]
embedded = { data = "data/broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 2
load = { file = "events.ndjson", key = "user" }
[pipelines.sums]
from = "events"
where = { kind = "add" }
guarantee = "effectively-once"
[pipelines.sums.to.sql]
url = "sqlite:data/sums.db"
setup = "CREATE TABLE IF NOT EXISTS sums (user TEXT PRIMARY KEY, total INTEGER NOT NULL)"
statement = "INSERT INTO sums VALUES ({user}, {n}) ON CONFLICT (user) DO UPDATE SET total = total + excluded.total"
[pipelines.posts]
from = "events"
where = { kind = "add" }
dedup = { store = "sqlite:data/posts.db", id = "id" }
retry = { attempts = 3, first = "1ms", longest = "10ms" }
to.http = { url = "http://127.0.0.1:PORT/", timeout = "5s" }
[mocks.posts]
listen = "127.0.0.1:PORT"
id = "id"
fail = { status = 503, share = 0.5, times = 1 }
log = "data/posts.ndjson"
"#;

fn posted(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("data/posts.ndjson")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A whole pipeline, twice: the second run finds everything done.
#[test]
fn a_file_runs_to_its_end_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    std::fs::write(folder.path().join("onefold.toml"), FILE.replace("PORT", &port.to_string())).expect("writes");
    let event = |n: u32| format!("{{\"id\":\"e-{n}\",\"kind\":\"add\",\"user\":\"u-{}\",\"n\":{n}}}\n", n % 5);
    let mut events: String = (1..=100).map(event).collect();
    events.push_str("{\"id\":\"x\",\"kind\":\"other\",\"user\":\"u-1\",\"n\":7}\nnot json\n");
    std::fs::write(folder.path().join("events.ndjson"), events).expect("writes");

    let first = run(folder.path(), &["run", "--drain", "--json"]).exits(0);
    assert_eq!(first.err, "", "events are all that --json says");
    let done: serde_json::Value =
        first.out.lines().last().map(|line| serde_json::from_str(line).expect("JSON")).expect("a table");
    assert_eq!(done["event"], "done");
    for pipeline in done["pipelines"].as_array().expect("pipelines") {
        assert_eq!(
            (&pipeline["effects"], &pipeline["skipped"], &pipeline["dead"]),
            (&100.into(), &1.into(), &1.into()),
            "{pipeline}"
        );
    }
    assert_eq!(posted(folder.path()).len(), 100);

    let second = run(folder.path(), &["run", "--drain"]).exits(0);
    let events = second.out.lines().map(|line| serde_json::from_str(line).expect("a pipe gets events alone"));
    let events: Vec<serde_json::Value> = events.collect();
    let said: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(said.iter().filter(|event| **event == "guarantee").count(), 2);
    assert!(said.contains(&"loaded") && said.contains(&"ended"), "{said:?}");
    let done = events.last().expect("a table");
    assert!(second.err.contains("effectively-once     position"), "text goes to standard error: {}", second.err);
    assert!(done["pipelines"].as_array().expect("pipelines").iter().all(|pipeline| pipeline["effects"] == 0), "{done}");
    assert_eq!(posted(folder.path()).len(), 100);

    std::fs::write(folder.path().join("events.ndjson"), "{}\n").expect("writes");
    let changed = run(folder.path(), &["run", "--drain"]).exits(3);
    assert!(
        changed.err.contains("has changed since") && changed.err.contains("onefold produce events"),
        "{}",
        changed.err
    );
}

/// Where ids are kept for less time than the topic keeps records, it is said once.
#[test]
fn a_warning_is_printed_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "[kafka]\nembedded = { data = \"data/broker\", listen = \"127.0.0.1:0\" }\n\
                [topics.events]\npartitions = 1\nretention = \"30d\"\n\
                [pipelines.posts]\nfrom = \"events\"\ndedup = { store = \"sqlite:data/ids.db\", keep = \"1d\" }\n\
                to.http.url = \"http://127.0.0.1:1/\"\n";
    std::fs::write(folder.path().join("onefold.toml"), file).expect("writes");
    let said = run(folder.path(), &["run", "--drain"]).exits(0).err;
    let warned: Vec<&str> = said.lines().filter(|line| line.to_lowercase().contains("warn")).collect();
    let [warning] = warned[..] else { panic!("{said}") };
    let text = warning.trim().trim_start_matches("warning").trim();
    assert!(text.contains("1 d") && said.matches(text).count() == 1, "{said}");
}
