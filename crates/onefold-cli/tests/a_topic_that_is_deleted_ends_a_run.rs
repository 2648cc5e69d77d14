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
    let to = "to.exec.command = [\"sh\", \"-c\", \"cat > /dev/null; flock go true\"]";
    // A handler ends when nobody holds this.
    let go = std::fs::File::create(folder.path().join("go")).expect("makes");
    go.lock().expect("nobody else does");
    file(folder.path(), &broker, to);
    let mut running = Going::start(folder.path(), &["run", "--drain"]);
    running.event(|event| event["in_flight"].as_u64() > Some(0));
    run(folder.path(), &["topics", "delete", "events"]).exits(0);
    drop(go);
    ends(running);
}

/// librdkafka reads on in the new topic where it was in the old one, and says nothing.
#[test]
fn a_topic_that_is_made_again_is_another_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    file(
        folder.path(),
        &broker,
        "to.sql = { url = \"sqlite:e.db\", setup = \"CREATE TABLE IF NOT EXISTS e (id)\", statement = \"INSERT INTO e VALUES ({id})\" }",
    );
    let mut running = Going::start(folder.path(), &["run"]);
    running.event(|event| event["effects"] == 2);
    run(folder.path(), &["topics", "delete", "events"]).exits(0);
    run(folder.path(), &["topics", "create", "events", "--partitions", "2"]).exits(0);
    let lines: String = (100..120).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    run_with_input(folder.path(), &["produce", "events"], &lines).exits(0);
    let (said, code) = running.end();
    assert_eq!(code, Some(1), "{said:?}");
    assert!(said.iter().any(|line| line.contains("was deleted and made again while this ran")), "{said:?}");
    // Nothing of the new one is lost: its positions are not the old one's.
    let refused = run(folder.path(), &["run", "--drain"]).exits(3).err;
    assert!(refused.contains("its offsets mean other records") && refused.contains("start fresh"), "{refused}");
    let db = rusqlite::Connection::open(folder.path().join("e.db")).expect("opens");
    db.execute_batch("DELETE FROM onefold_position; DELETE FROM onefold_done").expect("done as it says");
    run(folder.path(), &["run", "--drain"]).exits(0);
    let count = "SELECT count(DISTINCT id) FROM e WHERE id >= 100";
    assert_eq!(db.query_row(count, (), |row| row.get::<_, i64>(0)).expect("counted"), 20);
}
