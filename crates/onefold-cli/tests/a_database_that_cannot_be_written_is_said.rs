//! A SQLite file or folder that may not be written ends a run before the first record, with what to do; nothing is
//! loaded into a pause that never ends.

mod common;

use common::onefold;
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

const NOBODY: u32 = 65_534;

const FILE: &str = r#"
[kafka]
embedded = { data = "broker", listen = "127.0.0.1:0" }
[topics.events]
partitions = 1
load = { file = "events.ndjson", progress = "broker-load.json" }
[pipelines.seen]
from = "events"
[pipelines.seen.to.sql]
url = "sqlite:PLACE/seen.db"
setup = "CREATE TABLE IF NOT EXISTS seen (id TEXT)"
statement = "INSERT INTO seen VALUES ({id})"
"#;

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout.starts_with(b"0\n")
}

/// Root may write everything: then it runs as nobody, from a place that nobody can reach.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        let home = tempfile::tempdir().expect("a folder");
        let binary = home.path().join("onefold");
        if std::fs::hard_link(env!("CARGO_BIN_EXE_onefold"), &binary).is_err() {
            std::fs::copy(env!("CARGO_BIN_EXE_onefold"), &binary).expect("copies");
        }
        std::fs::write(home.path().join("events.ndjson"), "{\"id\":\"a\"}\n").expect("writes");
        Home::give(home.path());
        Home(home)
    }

    fn give(path: &Path) {
        if is_root() {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("chown");
        }
    }

    fn folder(&self, name: &str) {
        std::fs::create_dir(self.0.path().join(name)).expect("a folder");
        Home::give(&self.0.path().join(name));
    }

    fn mode(&self, name: &str, mode: u32) {
        set_permissions(self.0.path().join(name), Permissions::from_mode(mode)).expect("chmod");
    }

    /// Exit code and standard error of a drain whose database is in this folder.
    fn drain(&self, place: &str) -> (Option<i32>, String) {
        std::fs::write(self.0.path().join("onefold.toml"), FILE.replace("PLACE", place)).expect("writes");
        let template = onefold(self.0.path(), &["run", "--drain", "--drain-timeout", "20s", "--json"]);
        let mut command = Command::new(self.0.path().join("onefold"));
        command.args(template.get_args()).current_dir(self.0.path()).env_remove("RUST_LOG");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let ended = command.output().expect("runs");
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    }
}

#[track_caller]
fn refused((code, said): (Option<i32>, String), what: &str) {
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(what), "{said}");
}

#[test]
fn a_file_or_folder_that_is_read_only_is_said() {
    let home = Home::new();
    home.folder("new");
    home.mode("new", 0o555);
    refused(home.drain("new"), "cannot open the SQLite file new/seen.db");
    refused(home.drain("new/deeper"), "cannot make the folder new/deeper: Permission denied");

    home.folder("old");
    assert_eq!(home.drain("old").0, Some(0), "where it may write, it runs");
    home.mode("old/seen.db", 0o444);
    let (code, said) = home.drain("old");
    assert!(said.contains("let this user write it, make files in its folder"), "{said}");
    refused((code, said), "cannot use the SQLite file old/seen.db: attempt to write a readonly database");
    // What SQLite made beside it has its rights.
    for beside in ["", "-wal", "-shm"].map(|end| format!("old/seen.db{end}")) {
        if home.0.path().join(&beside).exists() {
            home.mode(&beside, 0o644);
        }
    }
    let (code, said) = home.drain("old");
    assert_eq!(code, Some(0), "mended, it goes on: {said}");
    home.mode("new", 0o755);
}
