//! SIGTERM drains and says so; a second signal ends at once; a pipe gets events and nothing else.

mod common;

use common::onefold;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

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

struct Run {
    child: Child,
    events: BufReader<ChildStdout>,
}

impl Run {
    /// Started, and something of it in flight.
    fn in_flight(folder: &Path, late: &str, args: &[&str]) -> Run {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let text = FILE.replace("PORT", &port.to_string()).replace("LATE", late);
        std::fs::write(folder.join("onefold.toml"), text).expect("writes");
        std::fs::write(folder.join("events.ndjson"), "{\"id\":\"a\"}\n").expect("writes");
        let mut command = onefold(folder, &[&["run"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let events = BufReader::new(child.stdout.take().expect("piped"));
        let mut run = Run { child, events };
        run.event(|event| event["event"] == "progress" && event["in_flight"] == 1);
        run
    }

    /// Reads on until such an event comes; every line on the way is an event.
    fn event(&mut self, such: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            let read = self.events.read_line(&mut line).expect("reads");
            assert!(read > 0, "it ended without the event");
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no event: {line}"));
            if such(&event) {
                return event;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
    }

    /// Its exit code and what it said on standard error.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        (self.child.wait().expect("ends").code(), said)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_first_signal_drains_and_says_what_it_waits_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::in_flight(folder.path(), "5s", &[]);
    run.signal("-TERM");
    let draining = run.event(|event| event["event"] == "draining");
    assert_eq!((&draining["signal"], &draining["in_flight"]), (&"SIGTERM".into(), &1.into()), "{draining}");
    let done = run.event(|event| event["event"] == "done");
    assert_eq!(done["pipelines"][0]["effects"], 1, "what was in flight was finished: {done}");
    let (code, said) = run.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("SIGTERM: draining: 1 in flight; once more"), "{said}");
    assert!(said.contains("at-least-once") && said.contains("dup:boundary"), "the text is on standard error: {said}");
}

#[test]
fn ctrl_c_ends_a_drain_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::in_flight(folder.path(), "90s", &["--json"]);
    run.signal("-TERM");
    run.event(|event| event["event"] == "draining");
    run.signal("-INT");
    let (ended, said) = run.end();
    assert_eq!((ended, said.as_str()), (Some(130), ""), "--json says nothing on standard error");
}

/// `timeout` and some shells signal the process and its group: it gets the same SIGTERM twice, and still drains.
#[test]
fn a_sigterm_and_its_echo_are_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::in_flight(folder.path(), "3s", &["--json"]);
    run.signal("-TERM");
    run.event(|event| event["event"] == "draining");
    run.signal("-TERM");
    let done = run.event(|event| event["event"] == "done");
    assert_eq!(done["pipelines"][0]["effects"], 1, "what was in flight was finished: {done}");
    assert_eq!(run.end().0, Some(0));
}

#[test]
fn a_later_sigterm_ends_a_drain_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::in_flight(folder.path(), "90s", &["--json"]);
    let began = std::time::Instant::now();
    // Again and again, as one does who loses patience: the one that comes after the pause counts.
    while run.child.try_wait().expect("asks").is_none() {
        run.signal("-TERM");
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "it does not end");
    }
    assert!(began.elapsed() >= std::time::Duration::from_millis(900), "echoes counted");
    assert_eq!(run.end().0, Some(143));
}

/// Whoever gave a drain its time and signals at its end says one thing twice. After that a SIGTERM ends it.
#[test]
fn a_sigterm_in_the_moment_in_which_the_time_is_up_is_an_echo() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::in_flight(folder.path(), "4s", &["--json", "--drain", "--drain-timeout", "2s"]);
    run.event(|event| event["event"] == "draining" && event["signal"] == Value::Null);
    run.signal("-TERM");
    let done = run.event(|event| event["event"] == "done");
    assert_eq!(done["pipelines"][0]["effects"], 1, "what was in flight was finished: {done}");
    assert_eq!(run.end().0, Some(0), "and it was all that there was: nobody was late");

    let mut run =
        Run::in_flight(tempfile::tempdir().expect("a folder").path(), "90s", &["--drain", "--drain-timeout", "2s"]);
    run.event(|event| event["event"] == "draining");
    while run.child.try_wait().expect("asks").is_none() {
        run.signal("-TERM");
    }
    assert_eq!(run.end().0, Some(143));
}

/// A script that asked for a drain must not take an interrupted one for a whole one.
#[test]
fn a_drain_that_a_signal_cut_short_is_no_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Run::in_flight(folder.path(), "5s", &["--drain"]);
    run.signal("-INT");
    let (code, said) = run.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("SIGINT came before all was drained"), "{said}");
}
