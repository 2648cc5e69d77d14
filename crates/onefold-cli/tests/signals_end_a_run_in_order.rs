//! SIGTERM drains and says so; a second signal ends at once; a pipe gets events and nothing else.

mod common;

use common::free_port;
use common::going::{Going, LONG, until};
use serde_json::Value;
use std::path::Path;

/// Its endpoint takes every request and answers late, so that there is something in flight.
const FILE: &str = r#"
[kafka]
embedded = { data = "data/broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
load = { file = "events.ndjson" }
[pipelines.posts]
from = "events"
to.http = { url = "http://127.0.0.1:PORT/", timeout = "100s" }
[mocks.posts]
listen = "127.0.0.1:PORT"
id = "id"
hang = { for = "LATE", share = 1.0 }
"#;

fn start(folder: &Path, late: &str, args: &[&str]) -> Going {
    let text = FILE.replace("PORT", &free_port().to_string()).replace("LATE", late);
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
    std::fs::write(folder.join("events.ndjson"), "{\"id\":\"a\"}\n").expect("writes");
    Going::start(folder, &[&["run"], args].concat())
}

fn is_in_flight(event: &Value) -> bool {
    event["event"] == "progress" && event["in_flight"] == 1
}

/// Started, and something of it in flight.
fn in_flight(folder: &Path, late: &str, args: &[&str]) -> Going {
    let mut run = start(folder, late, args);
    run.event(is_in_flight);
    run
}

/// A drain whose time is over while something is in flight, so many seconds after that time: a busy machine gets more.
fn late(json: &[&str], after: u64) -> (tempfile::TempDir, Going) {
    for limit in [2, 8, 30] {
        let folder = tempfile::tempdir().expect("a folder");
        let (hang, limit) = (format!("{}s", limit + after), format!("{limit}s"));
        let mut run = start(folder.path(), &hang, &[json, &["--drain", "--drain-timeout", &limit]].concat());
        if run.event(|event| is_in_flight(event) || event["event"] == "draining")["event"] == "progress" {
            let draining = run.event(|event| event["event"] == "draining");
            assert_eq!(draining["signal"], Value::Null, "{draining}");
            return (folder, run);
        }
    }
    panic!("nothing is in flight within 30 s");
}

#[test]
fn the_first_signal_drains_and_says_what_it_waits_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = in_flight(folder.path(), "5s", &[]);
    run.signal("-TERM");
    let draining = run.event(|event| event["event"] == "draining");
    assert_eq!((&draining["signal"], &draining["in_flight"]), (&"SIGTERM".into(), &1.into()), "{draining}");
    let done = run.event(|event| event["event"] == "done");
    assert_eq!(done["pipelines"][0]["effects"], 1, "what was in flight was finished: {done}");
    let (said, code) = run.end();
    let said = said.join("\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("SIGTERM: draining: 1 in flight; once more"), "{said}");
    assert!(said.contains("at-least-once") && said.contains("dup:boundary"), "the text is on standard error: {said}");
}

#[test]
fn ctrl_c_ends_a_drain_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = in_flight(folder.path(), "90s", &["--json"]);
    run.signal("-TERM");
    run.event(|event| event["event"] == "draining");
    run.signal("-INT");
    assert_eq!(run.end(), (vec![], Some(130)), "--json says nothing on standard error");
}

/// `timeout` and some shells signal the process and its group: it gets the same SIGTERM twice, and still drains.
#[test]
fn a_sigterm_and_its_echo_are_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = in_flight(folder.path(), "3s", &["--json"]);
    run.signal("-TERM");
    run.event(|event| event["event"] == "draining");
    run.signal("-TERM");
    let done = run.event(|event| event["event"] == "done");
    assert_eq!(done["pipelines"][0]["effects"], 1, "what was in flight was finished: {done}");
    assert_eq!(run.end().1, Some(0));
}

#[test]
fn a_later_sigterm_ends_a_drain_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = in_flight(folder.path(), "90s", &["--json"]);
    let began = std::time::Instant::now();
    // Again and again, as one does who loses patience: the one that comes after the pause counts.
    until("it ends", || {
        run.signal("-TERM");
        run.has_ended()
    });
    assert!(began.elapsed() >= std::time::Duration::from_millis(900), "echoes counted");
    assert_eq!(run.end().1, Some(143));
}

/// Whoever gave a drain its time and signals at its end says one thing twice. After that a SIGTERM ends it.
#[test]
fn a_sigterm_in_the_moment_in_which_the_time_is_up_is_an_echo() {
    let (_folder, mut run) = late(&["--json"], 2);
    run.signal("-TERM");
    let done = run.event(|event| event["event"] == "done");
    assert_eq!(done["pipelines"][0]["effects"], 1, "what was in flight was finished: {done}");
    assert_eq!(run.end().1, Some(0), "and it was all that there was: nobody was late");

    let (_folder, mut run) = late(&[], 90);
    until("it ends", || {
        run.signal("-TERM");
        run.has_ended()
    });
    assert_eq!(run.end().1, Some(143));
}

/// A script that asked for a drain must not take an interrupted one for a whole one.
#[test]
fn a_drain_that_a_signal_cut_short_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = in_flight(folder.path(), "5s", &["--drain"]);
    run.signal("-INT");
    let (said, code) = run.end();
    let said = said.join("\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("SIGINT came before all was drained"), "{said}");
}

/// A supervisor may stop what it has just started: a signal counts from the first moment on, also while the file is read.
#[test]
fn a_signal_before_anything_has_begun_ends_it_in_order() {
    for (args, code) in [(&["run", "--json"][..], 0), (&["run", "--json", "--drain"], 1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("onefold.toml");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let mut run = Going::start(folder.path(), args);
        // Opened by both or by none: it reads now, and gets nothing.
        let (tell, opened) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(std::fs::OpenOptions::new().write(true).open(path)));
        let _writer = opened.recv_timeout(LONG).expect("it opens its file").expect("opens");
        run.signal("-TERM");
        let draining = run.event(|event| event["event"] == "draining");
        assert_eq!((&draining["signal"], &draining["in_flight"]), (&"SIGTERM".into(), &0.into()), "{draining}");
        let (said, ended) = run.end();
        assert_eq!(ended, Some(code), "{said:?}");
    }
}
