//! An end says all that a person should know: what is dead, whom the failure of one pipeline cut off, and that a file has
//! nothing to run.

mod common;

use common::going::Going;
use common::{free_port, run};
use serde_json::Value;
use std::path::Path;

const HEAD: &str = r#"
[kafka]
embedded = { data = "broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
load = { file = "events.ndjson", key = "id" }
"#;

fn write(folder: &Path, records: usize, rest: &str) {
    std::fs::write(folder.join("onefold.toml"), format!("{HEAD}{rest}")).expect("writes");
    let lines: String = (0..records).map(|nth| format!("{{\"id\":\"{nth}\",\"kind\":\"k\"}}\n")).collect();
    std::fs::write(folder.join("events.ndjson"), lines).expect("writes");
}

fn mock(port: u16, more: &str) -> String {
    format!("[mocks.posts]\nlisten = \"127.0.0.1:{port}\"\nid = \"id\"\n{more}\n")
}

fn posts(name: &str, port: u16) -> String {
    format!("[pipelines.{name}]\nfrom = \"events\"\nto.http.url = \"http://127.0.0.1:{port}/posts\"\n")
}

/// Few keys are no flood, so the run ends well; that nothing got through was told by a number in a table alone.
#[test]
fn that_every_record_is_dead_is_said_with_the_cause() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let rejects = mock(port, "reject = { status = 422, where = { kind = \"k\" } }");
    write(folder.path(), 3, &format!("{}{rejects}", posts("mistyped", port)));
    let ran = run(folder.path(), &["run", "--drain"]).exits(0);
    assert!(
        ran.err.contains("all 3 records that mistyped finished in this run are dead: rejected: answered 422"),
        "{}",
        ran.err
    );
    let done: Value = serde_json::from_str(ran.out.lines().last().expect("a line")).expect("an event");
    let note = done["notes"][0].as_str().expect("one note");
    assert!(note.starts_with("all 3 records that mistyped finished in this run are dead: "), "{done}");
}

#[test]
fn where_some_got_through_the_counts_say_it_all() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let rejects = mock(port, "reject = { status = 422, where = { id = \"1\" } }");
    write(folder.path(), 3, &format!("{}{rejects}", posts("typed", port)));
    let ran = run(folder.path(), &["run", "--drain"]).exits(0);
    let done: Value = serde_json::from_str(ran.out.lines().last().expect("a line")).expect("an event");
    assert_eq!((&done["pipelines"][0]["dead"], &done["notes"]), (&1.into(), &Value::Array(vec![])), "{done}");
}

/// One is dead, and two others still wait: they may get through.
#[test]
fn a_run_that_is_stopped_does_not_call_all_dead_while_some_are_left() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let answers =
        "reject = [{ status = 422, where = { id = \"0\" } }, { status = 404, where = { id = [\"1\", \"2\"] } }]";
    write(folder.path(), 3, &format!("{}{}", posts("posts", port), mock(port, answers)));
    let mut running = Going::start(folder.path(), &["run"]);
    running.event(|event| event["event"] == "progress" && event["dead"] == 1);
    running.signal("-TERM");
    let done = running.event(|event| event["event"] == "done");
    assert_eq!((&done["pipelines"][0]["dead"], &done["notes"]), (&1.into(), &Value::Array(vec![])), "{done}");
    let (said, code) = running.end();
    assert_eq!(code, Some(0), "{said:?}");
}

#[test]
fn a_drain_that_is_late_says_what_is_dead_beside_what_is_left() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let answers =
        "reject = [{ status = 422, where = { id = \"0\" } }, { status = 404, where = { id = [\"1\", \"2\"] } }]";
    write(folder.path(), 3, &format!("{}{}", posts("posts", port), mock(port, answers)));
    let ran = run(folder.path(), &["run", "--drain", "--drain-timeout", "3s"]).exits(4);
    let end = &ran.err[ran.err.rfind("error: ").expect("an error")..];
    assert!(end.contains("2 records left in posts"), "{end}");
    assert!(end.contains("1 record of posts dead, kept as dead letters"), "{end}");
}

/// Sixty keys that die of one cause stop their pipeline; the other one waits for a sink that is not there.
#[test]
fn a_pipeline_that_is_cut_off_by_another_is_named_with_what_it_left() {
    let (folder, port, nobody) = (tempfile::tempdir().expect("a folder"), free_port(), free_port());
    let rejects = mock(port, "reject = { status = 422, where = { kind = \"k\" } }");
    write(folder.path(), 60, &format!("{}{}{rejects}", posts("bad", port), posts("good", nobody)));
    let ran = run(folder.path(), &["run", "--drain"]).exits(1);
    let end = &ran.err[ran.err.rfind("error: ").expect("an error")..];
    assert!(end.starts_with("error: pipeline bad stopped: many keys die of one cause"), "{end}");
    assert!(end.contains("ended for it, before they were done: good"), "{end}");
    // Whichever of the two was quicker.
    assert!(end.contains("60 records left in good") || end.contains("good has no partitions yet"), "{end}");
    let table = ran.err.lines().skip_while(|line| !line.starts_with("pipeline  ")).take(3).collect::<Vec<_>>();
    assert!(table.len() == 3 && table[1].starts_with("bad") && table[2].starts_with("good"), "{}", ran.err);
    assert!(!ran.out.contains("\"event\":\"done\""), "it is not done: {}", ran.out);
}

#[test]
fn a_file_without_pipelines_is_no_file_to_run() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), 1, "");
    let checked = run(folder.path(), &["check"]).exits(0);
    let idle = "1 topic, 0 pipelines, 0 mocks; without [pipelines] `onefold run` has nothing to run\n";
    assert!(checked.out.ends_with(idle), "{}", checked.out);
    let ran = run(folder.path(), &["run"]).exits(2);
    assert!(ran.err.contains("has no [pipelines]: there is nothing to run"), "{}", ran.err);
}

/// What `explain` and `run` warn of is no news to who has checked the file.
#[test]
fn a_check_warns_as_an_explanation_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let ids = "guarantee = \"at-most-once\"\ndedup = { id = \"id\", keep = \"30d\", store = \"sqlite:ids.db\" }\n";
    write(folder.path(), 1, &format!("{}{ids}", posts("posts", 1)));
    let checked = run(folder.path(), &["check"]).exits(0);
    assert!(checked.err.contains("warning: posts: ids are not used"), "{}", checked.err);
    let line: Value = serde_json::from_str(run(folder.path(), &["check", "--json"]).exits(0).out.trim()).expect("JSON");
    let warning = &line["warnings"][0];
    assert_eq!(warning["pipeline"], "posts");
    assert!(warning["text"].as_str().expect("text").starts_with("ids are not used"), "{line}");
    let explained = run(folder.path(), &["explain"]).exits(0);
    assert!(explained.out.contains("ids are not used"), "{}", explained.out);
}

/// The embedded broker keeps records for seven days where nothing else is said, which is no unknown time.
#[test]
fn an_explanation_knows_how_long_the_embedded_broker_keeps_records() {
    let folder = tempfile::tempdir().expect("a folder");
    for (keep, warns) in [("30d", false), ("1d", true)] {
        let ids = format!("dedup = {{ id = \"id\", keep = \"{keep}\", store = \"sqlite:ids.db\" }}\n");
        write(folder.path(), 1, &format!("{}{ids}", posts("posts", 1)));
        let explained = run(folder.path(), &["explain"]).exits(0).out;
        assert!(!explained.contains("unknown time"), "{explained}");
        assert_eq!(explained.contains("an older record that comes again takes effect again"), warns, "{explained}");
    }
}
