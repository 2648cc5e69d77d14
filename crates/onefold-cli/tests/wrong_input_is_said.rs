//! Names, addresses and lines that nobody can mean: said at once, in words, with an exit code that scripts can use, whichever
//! command gets them. None is tried for ever, and none ends in the words of a client library.

mod common;

use common::going::until;
use common::{Broker, onefold, run, run_with_input};
use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn names_and_addresses_that_there_cannot_be_are_wrong_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = "x".repeat(40_000);
    let letters = "only letters, digits";
    let calls: [(&[&str], &str); 26] = [
        (&["produce", "a b"], letters),
        (&["consume", "a b"], letters),
        (&["consume", ""], "a topic has a name"),
        (&["consume", ".."], "no topic names"),
        (&["consume", "t", "--group", ""], "a group has a name"),
        (&["consume", "t", "--group", &long], "at most 32767 bytes"),
        (&["topics", "describe", "a b"], letters),
        (&["topics", "delete", "../x"], letters),
        (&["topics", "create", &long[..250]], "at most 249 characters"),
        (&["groups", "describe", ""], "a group has a name"),
        (&["groups", "delete", &long], "at most 32767 bytes"),
        (&["dead-letters", "redrive", "p", "--to", ""], "a topic has a name"),
        (&["topics", "list", "--bootstrap", ""], "no address: write HOST:PORT"),
        (&["topics", "list", "--bootstrap", "http://127.0.0.1:9092"], "http:// is no protocol of Kafka's"),
        (&["topics", "list", "--bootstrap", "127.0.0.1:99999"], "\"99999\" is no port"),
        (&["produce", "t", "--bootstrap", "127.0.0.1:1,:9092"], "there is no host"),
        (&["topics", "create", "t", "--partitions", "-1"], "-1 is not in 1..=10000"),
        (&["topics", "create", "t", "--config", "=1"], "expected NAME=VALUE"),
        (&["consume", "t", "--from", "-1"], "expected earliest, latest, or an offset"),
        (&["consume", "t", "--partition", "-1"], "-1 is not in 0.."),
        (&["consume", "t", "--max", "-1"], "invalid digit found in string"),
        (&["dlq", "list", "t", "--since", "1h", "--before", "2h"], "--since is not before --before"),
        (&["dlq", "redrive", "t", "--since", "2026-05-02", "--before", "2026-05-01"], "--since is not before --before"),
        (&["broker", "--listen", "nowhere"], "write host:port"),
        (&["broker", "--listen", "127.0.0.1:70000"], "write host:port"),
        (&["broker", "--listen", "127.0.0.1:0", "--advertised", "foo"], "write host:port"),
    ];
    for (args, what) in calls {
        let refused = run(folder.path(), args).exits(2);
        assert!(refused.err.contains(what) && refused.out.is_empty(), "{args:?}: {}", refused.err);
    }
    let by_environment = onefold(folder.path(), &["topics", "list"]).env("ONEFOLD_BOOTSTRAP", "http://h").output();
    let by_environment = by_environment.expect("the binary runs");
    let said = String::from_utf8_lossy(&by_environment.stderr);
    assert!(by_environment.status.code() == Some(2) && said.contains("$ONEFOLD_BOOTSTRAP"), "{said}");
    let file = "[kafka]\nbootstrap = \"kafka:9092,http://h\"\n";
    std::fs::write(folder.path().join("onefold.toml"), file).expect("writes");
    let checked = run(folder.path(), &["check"]).exits(2);
    let endless = run(folder.path(), &["check", "/dev/zero"]).exits(2);
    assert_eq!(endless.err, "error: cannot read /dev/zero: it is larger than 16 MiB, which no settings are\n");
    let line = format!("{file}x = {}\n", "[".repeat(5_000));
    std::fs::write(folder.path().join("long.toml"), line).expect("writes");
    let long = run(folder.path(), &["check", "long.toml"]).exits(2);
    assert!(long.err.lines().all(|line| line.chars().count() < 300), "the place is shown, not all of its line");
    assert!(checked.err.contains("onefold.toml:2:13") && checked.err.contains("no protocol"), "{}", checked.err);
}

#[test]
fn what_a_broker_refuses_is_told_with_what_it_is_about() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    for (config, what) in [
        ("retenton.ms=1", "Kafka knows no `retenton.ms`, but retention.ms"),
        ("retention.ms=week", "retention.ms: \"week\" is no whole number from -1 on"),
    ] {
        let refused = at(&["topics", "create", "t", "--config", config]).exits(1);
        assert!(refused.err.contains(what), "{}", refused.err);
    }
    at(&["topics", "create", "a.b"]).exits(0);
    let near = at(&["topics", "create", "a_b"]).exits(1);
    assert!(near.err.contains("in the way     a.b, which differs from it only in"), "{}", near.err);
    at(&["topics", "create", "__mine"]).exits(0);
    assert!(at(&["topics", "list"]).exits(0).out.contains("__mine"), "only the cluster's own are left out");
    let copies = at(&["topics", "create", "t", "--replication", "3"]).exits(1);
    assert!(copies.err.contains("no more copies than the cluster has brokers"), "{}", copies.err);
    let nobody = at(&["dead-letters", "list", "a b"]).exits(1);
    assert!(nobody.err.starts_with("error: there is no pipeline and no topic a b\n"), "{}", nobody.err);

    at(&["topics", "create", "t"]).exits(0);
    let mut reading = onefold(folder.path(), &["consume", "t", "--group", "g", "--bootstrap", &broker.address]);
    let mut reading = reading.stdout(Stdio::null()).spawn().expect("the binary runs");
    until("it is a member", || at(&["groups", "describe", "g"]).out.contains(" 1 member,"));
    for args in [&["groups", "delete", "g"][..], &["groups", "delete", "g", "--dry-run"]] {
        assert!(at(args).exits(1).err.contains("it has members; stop them first"), "{args:?}");
    }
    reading.kill().and_then(|()| reading.wait()).expect("ends");
}

#[test]
fn lines_of_every_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let to = ["produce", "t", "--bootstrap", &broker.address];
    run_with_input(folder.path(), &to, "").exits(0);
    assert_eq!(run_with_input(folder.path(), &to, "\n\r\nno end").exits(0).err, "1 record in t\n");
    let huge = format!("one\n{}\ntwo\n", "x".repeat(3_000_000));
    let (code, said) = produce(&to, folder.path(), huge.as_bytes());
    // Where the acknowledgement takes longer than a second, what is waited for is said before.
    let end = "error: line 2 has more than 1000000 bytes: no record takes so many\n1 line is acknowledged\n";
    assert!(code == Some(1) && said.ends_with(end), "{code:?} {said}");
    assert_eq!(produce(&to, folder.path(), b"\xff\xfe\0\n"), (Some(0), "1 record in t\n".into()));
    let consume = onefold(folder.path(), &["consume", "t", "--drain", "--bootstrap", &broker.address]).output();
    let out = consume.expect("the binary runs").stdout;
    let mut lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    assert_eq!(lines, [&b""[..], b"no end", b"one", b"\xff\xfe\0"], "bytes come out as they went in");
    let consume = format!("consume t --drain --bootstrap {} > /dev/full", broker.address);
    let full = Command::new("sh").args(["-c", &format!("{} {consume}", env!("CARGO_BIN_EXE_onefold"))]).output();
    let full = full.expect("runs");
    let said = String::from_utf8_lossy(&full.stderr);
    assert!(full.status.code() == Some(1) && said.contains("cannot write to standard output"), "{said}");
}

/// Exit code and standard error. It may end before it has read all.
fn produce(args: &[&str], folder: &std::path::Path, input: &[u8]) -> (Option<i32>, String) {
    let mut command = onefold(folder, args);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let _ = child.stdin.take().expect("piped").write_all(input);
    let ended = child.wait_with_output().expect("ends");
    (ended.status.code(), String::from_utf8(ended.stderr).expect("UTF-8"))
}
