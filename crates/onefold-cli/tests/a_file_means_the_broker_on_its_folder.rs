//! A file with an embedded broker means the one that runs on its data folder. A broker that was killed, or a copy of the
//! folder, leaves an address behind at which another broker may listen by now: no command acts on that one.

mod common;

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
