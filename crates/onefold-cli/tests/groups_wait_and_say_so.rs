//! What a group shows before it has a position, what its member says while it waits for partitions, and that Ctrl-C ends
//! `consume` also while nobody takes what it prints.

mod common;

use common::going::{Going, until};
use common::{Broker, Ran, onefold, run, run_with_input};
use serde_json::Value;
use std::process::Stdio;

/// A broker with a topic `t` of so many partitions, and so many lines in it.
fn broker(folder: &tempfile::TempDir, partitions: &str, lines: &str) -> Broker {
    let broker = Broker::start(folder.path());
    let create = ["topics", "create", "t", "--partitions", partitions, "--bootstrap", &broker.address];
    run(folder.path(), &create).exits(0);
    run_with_input(folder.path(), &["produce", "t", "--bootstrap", &broker.address], lines).exits(0);
    broker
}

/// As the tools of Apache Kafka: `-` for a position that is not there, and no lag is made up from it.
#[test]
fn without_a_position_there_is_no_lag() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = broker(&folder, "1", "one\ntwo\n");
    let at = |args: &[&str]| -> Ran { run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat()) };
    let ask = ["consume", "t", "--group", "g", "--from", "latest", "--bootstrap", &broker.address];
    let mut member = Going::start(folder.path(), &ask);
    until("it has its partition", || at(&["groups", "describe", "g"]).out.contains("\nt "));
    let told = at(&["groups", "describe", "g"]).exits(0).out;
    assert_eq!(told.lines().nth(1), Some("t              0          -    2    -"), "{told}");
    assert!(told.contains("\ng: Stable, 1 member, no position yet\n"), "{told}");
    let json: Value = serde_json::from_str(&at(&["groups", "describe", "g", "--json"]).exits(0).out).expect("a line");
    assert_eq!((&json["committed"], &json["lag"], &json["end"]), (&Value::Null, &Value::Null, &2.into()));

    run_with_input(folder.path(), &["produce", "t", "--bootstrap", &broker.address], "three\n").exits(0);
    assert_eq!(member.out.next().as_deref(), Some("three"));
    until("it has committed", || at(&["groups", "describe", "g"]).out.contains(" 1 member, lag 0\n"));
    member.signal("-INT");
    assert_eq!(member.end().1, Some(0));
}

/// A member that was killed holds its partitions until its session is over.
#[test]
fn a_member_behind_a_dead_one_says_what_it_waits_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = broker(&folder, "1", "one\n");
    let ask = ["consume", "t", "--group", "g", "--bootstrap", &broker.address];
    let mut dead = Going::start(folder.path(), &ask);
    assert_eq!(dead.out.next().as_deref(), Some("one"));
    dead.signal("-KILL");
    dead.end();
    let mut waits = Going::start(folder.path(), &ask);
    let said = waits.err.next().expect("it says so");
    assert!(said.starts_with("waiting for partitions of t: the group g (PreparingRebalance) has 2 members"), "{said}");
    let shows = waits.err.next().expect("and what shows more");
    assert_eq!(shows, format!("  to see         onefold groups describe g --bootstrap {}", broker.address));
    waits.signal("-INT");
    assert_eq!(waits.end(), (vec![], Some(0)));
}

/// The output of this process is read by nobody, and full.
#[cfg(target_os = "linux")]
fn until_its_pipe_is_full(id: u32) {
    // A pipe has 16 pages, and a page takes four lines of 1001 bytes; with the first line in the last page it is full.
    until("the pipe is full", || {
        let io = std::fs::read_to_string(format!("/proc/{id}/io")).expect("it runs");
        let written = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse::<u64>().ok());
        written.expect("Linux tells it") >= (15 * 4 + 1) * 1001
    });
}

/// Ended when dropped, whatever a test found.
struct Unread(std::process::Child);

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `consume | less`: what it printed fills the pipe, and the next line waits. With the broker gone nobody takes a commit, too.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_consuming_while_its_reader_reads_nothing() {
    for (broker_stays, code) in [(true, 0), (false, 1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let broker = broker(&folder, "1", &format!("{}\n", "x".repeat(1000)).repeat(300));
        let describe = ["groups", "describe", "g", "--bootstrap", &broker.address.clone()];
        let mut command = onefold(folder.path(), &["consume", "t", "--group", "g", "--bootstrap", &broker.address]);
        let mut reading = Unread(command.stdout(Stdio::piped()).spawn().expect("the binary runs"));
        let id = reading.0.id();
        until_its_pipe_is_full(id);
        let broker = Some(broker).filter(|_| broker_stays);
        assert!(std::process::Command::new("kill").args(["-INT", &id.to_string()]).status().expect("kill").success());
        until("it has ended", || reading.0.try_wait().expect("looked").is_some());
        assert_eq!(reading.0.wait().expect("ended").code(), Some(code));
        if broker.is_some() {
            let left = run(folder.path(), &describe).exits(0).out;
            assert!(left.contains("g: Empty, 0 members, lag "), "it left, with what was printed: {left}");
            assert!(!left.contains("lag 300") && !left.contains("lag 0\n"), "{left}");
        }
    }
}
