//! A topic that is deleted while it is read ends the run that reads it, also a drain that waits for a sink: with the
//! reason, said once, and not with a warning a commit for ever.

mod common;

use common::going::Going;
use common::{Broker, free_port, run, run_with_input};
use std::path::Path;

fn file(folder: &Path, broker: &Broker, to: &str) {
    let text = format!(
        "[kafka]\nbootstrap = \"{}\"\n[topics.events]\npartitions = 2\n[pipelines.one]\nfrom = \"events\"\n{to}\n",
        broker.address
    );
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
    run(folder, &["topics", "create", "events", "--partitions", "2"]).exits(0);
    run_with_input(folder, &["produce", "events"], "{\"id\":1}\n{\"id\":2}\n").exits(0);
}

#[track_caller]
fn ends(mut running: Going) {
    let (said, code) = running.end();
    assert_eq!(code, Some(1), "{said:?}");
    let error = said.iter().find(|line| line.starts_with("error: ")).expect("an error");
    assert!(error.contains("the topic events is there no more: it was deleted while this ran"), "{error}");
    let refused = said.iter().filter(|line| line.contains("a commit failed")).count();
    assert!(refused <= 1, "once: {said:?}");
}

#[test]
fn a_run_in_which_nothing_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    file(folder.path(), &broker, "to.exec.command = [\"sh\", \"-c\", \"cat > /dev/null\"]");
    let mut running = Going::start(folder.path(), &["run"]);
    running.event(|event| event["effects"] == 2);
    run(folder.path(), &["topics", "delete", "events"]).exits(0);
    ends(running);
}

#[test]
fn a_drain_that_waits_for_its_sink() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    file(folder.path(), &broker, &format!("to.http.url = \"http://127.0.0.1:{}/\"", free_port()));
    let mut running = Going::start(folder.path(), &["run", "--drain"]);
    running.event(|event| event["event"] == "progress" && !event["paused"].is_null());
    run(folder.path(), &["topics", "delete", "events"]).exits(0);
    ends(running);
}

/// What was taken in and not committed is what a commit is refused for.
#[test]
fn a_drain_that_commits() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let to = "to.exec.command = [\"sh\", \"-c\", \"cat > /dev/null; while ! test -e go; do sleep 0.1; done\"]";
    file(folder.path(), &broker, to);
    let mut running = Going::start(folder.path(), &["run", "--drain"]);
    running.event(|event| event["in_flight"].as_u64() > Some(0));
    run(folder.path(), &["topics", "delete", "events"]).exits(0);
    std::fs::write(folder.path().join("go"), "").expect("writes");
    ends(running);
}
