//! A program that `to.exec` runs kills its parent at one event, each time. `onefold run` is started again and again, as a
//! supervisor does, until all else is done and that event is in the dead letters.

mod common;

use common::{Ran, onefold, run};
use std::collections::BTreeSet;
use std::path::Path;

const EVENTS: usize = 30;

/// Every event but the one that kills is a line in `done`. A program whose parent died first has nothing to read.
const FILE: &str = r#"
[kafka]
embedded = { data = "data/broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 2
load = { file = "events.ndjson", key = "id" }
[pipelines.programs]
from = "events"
retry = { crashes = CRASHES }
to.exec = { command = ["sh", "-c", "read -r id; case $id in '') ;; *'evt-7\"'*) kill -9 $PPID;; *) echo \"$id\" >> done;; esac"] }
"#;

fn file(crashes: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let lines: String = (0..EVENTS).map(|nth| format!("{{\"id\":\"evt-{nth}\"}}\n")).collect();
    std::fs::write(folder.path().join("events.ndjson"), lines).expect("writes");
    std::fs::write(folder.path().join("onefold.toml"), FILE.replace("CRASHES", &crashes.to_string())).expect("writes");
    folder
}

fn until_it_ends_well(folder: &Path) -> (usize, Ran) {
    let mut crashes = 0;
    loop {
        let ran = run(folder, &["run", "--drain", "--json"]);
        if ran.code.is_some() {
            return (crashes, ran.exits(0));
        }
        crashes += 1;
        assert!(crashes < 20, "out: {}\nerr: {}", ran.out, ran.err);
    }
}

#[test]
fn it_is_dead_after_as_many_crashes_as_the_file_says() {
    for crashes in [1, 3] {
        let folder = file(crashes);
        let (ended, ran) = until_it_ends_well(folder.path());
        // Two that nobody is charged for; a few more where the position still came nearer.
        let least = crashes as usize + 2;
        assert!((least..least + 3).contains(&ended), "{ended} crashes of {crashes}: {}", ran.err);
        let done = std::fs::read_to_string(folder.path().join("done")).expect("a file");
        let done: BTreeSet<&str> = done.lines().collect();
        assert_eq!(done.len(), EVENTS - 1, "{done:?}");
        assert!(ran.out.contains(r#"{"dead":1,"#), "{}", ran.out);
        // And the next run has nothing to do.
        assert_eq!(until_it_ends_well(folder.path()).0, 0);
    }
}

#[test]
fn no_crash_at_all_is_no_setting() {
    let folder = file(0);
    let checked = run(folder.path(), &["check", "onefold.toml"]).exits(2);
    assert!(checked.err.contains("crashes is 0"), "{}", checked.err);
    let explained = onefold(folder.path(), &["explain", "onefold.toml"]).output().expect("the binary runs");
    assert!(!explained.status.success());
}
