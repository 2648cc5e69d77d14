//! `docs/json.md` tells each field of what `--json` prints, and no field that is not there. (The events of `run` are held
//! against it beside the code that makes them.)

mod common;
#[path = "common/documented.rs"]
mod documented;

use common::{Broker, Ran, onefold, run, run_with_input};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

#[track_caller]
fn holds(heading: &str, ran: &Ran) {
    let lines = lines(ran);
    assert!(!lines.is_empty(), "{heading} printed nothing");
    lines.iter().for_each(|line| documented::holds(heading, line));
}

#[test]
fn of_topics_groups_and_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--json", "--bootstrap", &broker.address]].concat()).exits(0);
    holds("### topics create", &at(&["topics", "create", "orders", "--partitions", "2"]));
    let produce = ["produce", "orders", "--json", "--bootstrap", &broker.address];
    holds("## onefold produce", &run_with_input(folder.path(), &produce, "{\"id\":1}\n").exits(0));
    let consumed = at(&["consume", "orders", "--drain", "--group", "readers"]);
    assert_eq!(lines(&consumed)[0]["headers"], serde_json::json!([]));
    holds("## onefold consume", &consumed);
    holds("### topics list", &at(&["topics", "list"]));
    holds("### topics describe", &at(&["topics", "describe", "orders"]));
    holds("### groups list", &at(&["groups", "list"]));
    holds("### groups describe", &at(&["groups", "describe", "readers"]));
    let kept = at(&["groups", "delete", "readers", "--dry-run"]);
    holds("### groups delete --dry-run", &kept);
    let gone = at(&["groups", "delete", "readers"]);
    holds("### groups delete", &gone);
    assert_eq!((&lines(&kept)[0]["deleted"], &lines(&gone)[0]["deleted"]), (&false.into(), &true.into()));
    let kept = at(&["topics", "delete", "orders", "--dry-run"]);
    holds("### topics delete", &kept);
    let gone = at(&["topics", "delete", "orders"]);
    assert_eq!(gone.out, "{\"deleted\":true,\"partitions\":2,\"records\":1,\"topic\":\"orders\"}\n");
    assert_eq!((&lines(&kept)[0]["deleted"], gone.err.as_str()), (&false.into(), ""));
}

const FILE: &str = r#"
[kafka]
embedded = { data = "data/broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
[pipelines.posts]
from = "events"
guarantee = "GUARANTEE"
to.http = { url = "http://127.0.0.1:1/" }
"#;

#[test]
fn of_check_and_explain() {
    let folder = tempfile::tempdir().expect("a folder");
    let with = |guarantee: &str, command: &str| {
        std::fs::write(folder.path().join("onefold.toml"), FILE.replace("GUARANTEE", guarantee)).expect("writes");
        run(folder.path(), &[command, "--json"])
    };
    holds("### right", &with("at-least-once", "check").exits(0));
    let wrong = with("at-lest-once", "check").exits(2);
    let [problem, end] = lines(&wrong).try_into().expect("a problem and the end");
    documented::holds("### problem", &problem);
    documented::holds("### wrong", &end);
    assert_eq!((&problem["line"], &problem["column"], &end["problems"]), (&8.into(), &13.into(), &1.into()));
    assert_eq!(wrong.err, "error: 1 error in onefold.toml\n");
    let refused = with("effectively-once", "check").exits(3);
    let [refusal, end] = lines(&refused).try_into().expect("a refusal and the end");
    documented::holds("### refused", &refusal);
    documented::holds("### wrong", &end);
    let [explained] = lines(&with("at-least-once", "explain").exits(0)).try_into().expect("a pipeline");
    let mut told = documented::fields("### guarantee");
    told.remove("event");
    assert_eq!(documented::of(&explained), told);
}

#[test]
fn of_a_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let [problem, end] =
        lines(&run(folder.path(), &["check", "none.toml", "--json"]).exits(2)).try_into().expect("two");
    documented::holds("### problem", &problem);
    documented::holds("### wrong", &end);
    assert!(problem["problem"].as_str().is_some_and(|what| what.starts_with("cannot read none.toml")), "{problem}");
    assert_eq!((&problem["line"], &end["right"]), (&Value::Null, &false.into()));
    let ran = run(folder.path(), &["run", "none.toml"]).exits(2);
    let [failed] = lines(&ran).try_into().expect("one event");
    documented::holds("### failed", &failed);
    assert_eq!(
        (&failed["exit_code"], ran.err.trim_end()),
        (&2.into(), format!("error: {}", failed["error"].as_str().expect("why")).as_str())
    );
}

#[test]
fn of_a_broker() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = onefold(folder.path(), &["broker", "--listen", "127.0.0.1:0", "--data", "data", "--json"]);
    let mut broker = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut out = BufReader::new(broker.stdout.take().expect("piped")).lines();
    let mut next = || serde_json::from_str::<Value>(&out.next().expect("a line").expect("text")).expect("JSON");
    documented::holds("### listening", &next());
    assert!(Command::new("kill").args(["-TERM", &broker.id().to_string()]).status().expect("kill").success());
    documented::holds("### stopping", &next());
    documented::holds("### stopped", &next());
    let mut said = String::new();
    broker.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!((broker.wait().expect("ends").code(), said.as_str()), (Some(0), ""));
}
