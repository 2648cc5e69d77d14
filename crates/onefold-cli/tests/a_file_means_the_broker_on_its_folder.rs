//! A file with an embedded broker means the one that runs on its data folder. A broker that was killed, or a copy of the
//! folder, leaves an address behind at which another broker may listen by now: no command acts on that one.

mod common;

use common::going::Going;
use common::{Broker, Ran, onefold, run, run_with_input};
use std::path::Path;

/// Of each command that acts on a file's broker, one call that would change or show something.
const CALLS: [&[&str]; 8] = [
    &["topics", "list"],
    &["topics", "create", "more"],
    &["topics", "delete", "events"],
    &["topics", "describe", "events"],
    &["produce", "events"],
    &["consume", "events", "--drain"],
    &["groups", "list"],
    &["groups", "delete", "readers"],
];

fn file(folder: &Path, listen: &str) {
    let text = format!(
        "[kafka]\nembedded = {{ data = \"data\", listen = \"{listen}\" }}\n[topics.events]\n[pipelines.posts]\n\
         from = \"events\"\nto.http.url = \"http://127.0.0.1:1/\"\n"
    );
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
}

/// Both brokers have what the commands name, so that it would be found at the wrong one.
fn fill(folder: &Path, broker: &Broker) {
    let at = |args: &[&str]| run(folder, &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "events", "--partitions", "1"]).exits(0);
    run_with_input(folder, &["produce", "events", "--bootstrap", &broker.address], "{\"id\":\"a\"}\n").exits(0);
    at(&["consume", "events", "--group", "readers", "--drain"]).exits(0);
}

fn left(folder: &Path, broker: &Broker) -> [String; 3] {
    let at = |args: &[&str]| run(folder, &[args, &["--bootstrap", &broker.address]].concat()).exits(0).out;
    [at(&["topics", "list"]), at(&["consume", "events", "--drain"]), at(&["groups", "list"])]
}

fn call(folder: &Path, args: &[&str]) -> Ran {
    run_with_input(folder, args, "{\"id\":\"b\"}\n")
}

#[track_caller]
fn every_call_says(folder: &Path, what: &str) {
    for args in CALLS {
        let refused = call(folder, args).exits(1);
        assert!(refused.err.contains(what) && refused.out.is_empty(), "{args:?}: {refused:?}");
    }
}

#[test]
fn a_killed_ones_address_leads_to_nobody() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let killed = Broker::start(here.path());
    let address = killed.address.clone();
    fill(here.path(), &killed);
    drop(killed); // by SIGKILL
    assert!(here.path().join("data/address").exists(), "it is left behind");
    let other = Broker::listening(there.path(), &address);
    fill(there.path(), &other);
    let before = left(there.path(), &other);

    file(here.path(), &address);
    every_call_says(here.path(), "the embedded broker of onefold.toml does not run");
    let fix = run(here.path(), &["topics", "list"]).exits(1).err;
    assert!(fix.contains("onefold run onefold.toml") && fix.contains("--bootstrap HOST:PORT"), "{fix}");
    // These start the file's own, and say that they cannot.
    for args in [&["dead-letters", "list", "posts"][..], &["dead-letters", "redrive", "posts"], &["run", "--drain"]] {
        let taken = run(here.path(), args).exits(1).err;
        assert!(taken.contains(&format!("{address} is in use by another program")), "{args:?}: {taken}");
    }
    file(here.path(), "127.0.0.1:0");
    let own = run(here.path(), &["dead-letters", "list", "posts"]).exits(0).err;
    assert_eq!(own, "0 letters in events.posts.dead\n");
    assert_eq!(left(there.path(), &other), before, "nothing was done to the other one");
}

#[test]
fn a_copy_of_a_folder_is_not_the_broker_on_the_original() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let broker = Broker::start(here.path());
    fill(here.path(), &broker);
    let before = left(here.path(), &broker);
    file(here.path(), &broker.address);
    assert!(run(here.path(), &["topics", "list"]).exits(0).out.contains("events"), "it is found by its folder");
    let mut copy = std::process::Command::new("cp");
    copy.args(["-r", "data", "onefold.toml"]).arg(there.path()).current_dir(here.path());
    assert!(copy.status().expect("cp").success());
    every_call_says(there.path(), "the embedded broker of onefold.toml does not run");
    assert_eq!(left(here.path(), &broker), before, "nothing was done to the original");
}

/// As out of a container, where the address that a running broker wrote is another one's.
#[test]
fn a_running_ones_address_may_lead_elsewhere() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (broker, other) = (Broker::start(here.path()), Broker::start(there.path()));
    fill(there.path(), &other);
    let before = left(there.path(), &other);
    file(here.path(), &broker.address);
    std::fs::write(here.path().join("data/address"), format!("{}\n", other.address)).expect("writes");
    let says = format!("another broker than that of data answers at {}", other.address);
    every_call_says(here.path(), &says);
    for args in [&["dead-letters", "list", "posts"][..], &["dead-letters", "redrive", "posts"]] {
        let refused = run(here.path(), args).exits(1).err;
        assert!(refused.contains(&says) && refused.contains("--bootstrap"), "{args:?}: {refused}");
    }
    assert_eq!(left(there.path(), &other), before, "nothing was done to the other one");
    let elsewhere = onefold(here.path(), &["topics", "list", "--bootstrap", &broker.address]).output().expect("runs");
    assert!(elsewhere.status.success(), "what it advises works");
}

/// As a broker that recovers a long journal, or writes a last checkpoint: what it says is locked while it lives.
fn says(data: &Path, word: &str) -> std::fs::File {
    std::fs::create_dir_all(data).expect("a folder");
    let new = data.join("state.test");
    let file = std::fs::File::create(&new).expect("makes it");
    file.lock().expect("nobody has it");
    std::fs::write(&new, format!("{word}\n")).expect("writes");
    std::fs::rename(new, data.join("state")).expect("puts it there");
    file
}

#[test]
fn a_broker_that_starts_is_waited_for() {
    let here = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    file(here.path(), "127.0.0.1:0");
    let (state, data) = (says(&here.path().join("first"), "starting"), here.path().join("data"));
    std::os::unix::fs::symlink("first", &data).expect("links");
    let mut list = Going::start(here.path(), &["topics", "list"]);
    list.err.until("waiting: the broker on data is starting");
    // Where it serves in the end: its folder comes in place of the other, at once.
    let broker = Broker::start(other.path());
    run(other.path(), &["topics", "create", "events", "--bootstrap", &broker.address]).exits(0);
    let new = here.path().join("new");
    std::os::unix::fs::symlink(other.path().join("data"), &new)
        .and_then(|()| std::fs::rename(new, data))
        .expect("links");
    drop(state);
    assert_eq!(list.end(), (vec![], Some(0)));
    assert!(list.out.until("events").starts_with("events"));
}

#[test]
fn a_broker_that_is_neither_here_nor_gone_is_not_said_to_be_gone() {
    let here = tempfile::tempdir().expect("a folder");
    file(here.path(), "127.0.0.1:0");
    let state = says(&here.path().join("data"), "stopping");
    let long = run(here.path(), &["topics", "list"]).exits(1).err;
    assert!(long.contains("error: the broker on data is stopping, and that takes long: for 10 s by now"), "{long}");
    let mut list = Going::start(here.path(), &["topics", "list"]);
    list.err.until("waiting: the broker on data is stopping");
    drop(state);
    let (said, code) = list.end();
    assert_eq!(code, Some(1), "{said:?}");
    assert_eq!(said[0], "error: the embedded broker of onefold.toml does not run");
}

/// Only where rights are missing another user helps.
#[test]
fn a_folder_that_cannot_be_looked_into_is_told_with_what_helps() {
    let here = tempfile::tempdir().expect("a folder");
    file(here.path(), "127.0.0.1:0");
    std::fs::write(here.path().join("data"), "a letter to my aunt").expect("writes");
    let said = run(here.path(), &["topics", "list"]).exits(1).err;
    assert!(said.starts_with("error: cannot see whether a broker runs on data: "), "{said}");
    assert!(said.contains("there is a file on its way") && !said.contains("be the user"), "{said}");
}
