//! 0 done, 1 failed, 2 wrong usage, 3 refused; and every failure says what to do about it.

mod common;

use common::going::Going;
use common::{Broker, run};
use std::time::{Duration, Instant};

const PIPELINE: &str = r#"
[kafka]
embedded = { data = "data/broker", listen = "127.0.0.1:0" }
[topics.payments]
partitions = 1
[pipelines.receipts]
from = "payments"
guarantee = "GUARANTEE"
[pipelines.receipts.to.http]
url = "http://127.0.0.1:1/"
"#;

fn file(folder: &tempfile::TempDir, guarantee: &str) {
    let text = PIPELINE.replace("GUARANTEE", guarantee);
    std::fs::write(folder.path().join("onefold.toml"), text).expect("writes");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_right_file_is_0_and_a_wrong_one_2() {
    let folder = folder();
    file(&folder, "at-least-once");
    let checked = run(folder.path(), &["check"]).exits(0);
    assert_eq!(checked.out, "onefold.toml is right: 1 topic, 1 pipeline, 0 mocks\n");
    file(&folder, "at-lest-once");
    let wrong = run(folder.path(), &["check"]).exits(2);
    assert!(
        wrong.err.contains("onefold.toml:8:13") && wrong.err.contains("write `\"at-least-once\"`"),
        "{}",
        wrong.err
    );
    let missing = run(folder.path(), &["run", "nowhere.toml"]).exits(2);
    assert_eq!(missing.err, "error: cannot read nowhere.toml: No such file or directory (os error 2)\n");
}

#[test]
fn wrong_usage_is_2() {
    let folder = folder();
    for args in
        [&["prodcue"][..], &["topics", "create"], &["consume", "t", "--from", "then"], &["broker", "--partitions", "0"]]
    {
        run(folder.path(), args).exits(2);
    }
    let named = run(folder.path(), &["topics", "create", "no good"]).exits(2);
    assert!(named.err.contains("only letters, digits"), "{}", named.err);
}

/// Before anything is started or written.
#[test]
fn a_guarantee_that_does_not_hold_is_3() {
    let folder = folder();
    file(&folder, "effectively-once");
    for command in ["run", "check", "explain"] {
        let refused = run(folder.path(), &[command]).exits(3);
        insta::allow_duplicates! { insta::assert_snapshot!("refused", refused.err) };
    }
    assert!(!folder.path().join("data").exists(), "nothing was started");
    let json = run(folder.path(), &["check", "--json"]).exits(3).out;
    assert!(json.contains("\"line\":8") && json.contains("\"column\":13"), "{json}");
}

/// The way out that a refusal prints is one that this build takes.
#[test]
fn what_a_refusal_proposes_is_accepted() {
    let folder = folder();
    file(&folder, "effectively-once");
    let refused = run(folder.path(), &["check"]).exits(3).err;
    let declare = refused.lines().find_map(|line| line.trim().strip_prefix("or declare")).expect("a way out");
    let guarantee = declare.split('"').nth(1).expect("a guarantee");
    file(&folder, guarantee);
    run(folder.path(), &["check"]).exits(0);
}

#[test]
fn nobody_there_is_said_within_seconds() {
    let folder = folder();
    let began = Instant::now();
    for args in [&["topics", "list"][..], &["groups", "list"], &["consume", "t"], &["produce", "t"]] {
        let lost = run(folder.path(), &[args, &["--bootstrap", "127.0.0.1:1"]].concat()).exits(1);
        assert!(lost.err.starts_with("error: no broker at 127.0.0.1:1: nobody listens there"), "{}", lost.err);
        assert!(lost.err.contains("onefold broker"), "{}", lost.err);
    }
    // TEST-NET-1 of RFC 5737: packets to it go nowhere, or the network says so at once.
    run(folder.path(), &["topics", "list", "--bootstrap", "192.0.2.1:9092"]).exits(1);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_taken_port_and_a_folder_in_use_are_1() {
    let folder = folder();
    let broker = Broker::start(folder.path());
    let locked = run(folder.path(), &["broker", "--listen", "127.0.0.1:0", "--data", "data"]).exits(1);
    assert!(locked.err.contains("in use by another broker"), "{}", locked.err);
    let taken = run(folder.path(), &["broker", "--listen", &broker.address, "--data", "other"]).exits(1);
    assert!(taken.err.contains(&format!("{} is in use by another program", broker.address)), "{}", taken.err);
    assert_eq!(broker.end(), Some(0), "SIGTERM ends it in good order");
    let again = Broker::start(folder.path());
    assert_eq!(again.end(), Some(0));
}

/// Another folder would be no way out for a file that runs already: it would begin anew there.
#[test]
fn a_file_that_runs_already_is_told_so() {
    let folder = folder();
    file(&folder, "at-least-once");
    let mut first = Going::start(folder.path(), &["run", "--json"]);
    first.event(|event| event["event"] == "guarantee");
    let second = run(folder.path(), &["run"]).exits(1).err;
    assert!(second.contains("is in use by another broker: onefold.toml runs already"), "{second}");
    assert!(second.contains("to fix         stop that one, and run this again"), "{second}");
    assert!(second.contains("onefold groups describe receipts --file onefold.toml"), "{second}");
    assert!(!second.contains("another folder"), "{second}");
    let looked = run(folder.path(), &["groups", "list", "--file", "onefold.toml"]);
    looked.exits(0);
}

/// The file's own broker is asked by `run`; `explain`, which asks nobody, says the same of it.
#[test]
fn explain_says_what_run_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[kafka]\nembedded = { data = \"d\", listen = \"127.0.0.1:0\" }\n[topics.t]\n[topics.k]\n\
                config = { \"cleanup.policy\" = \"compact\" }\n[topics.s]\nconfig = { \"retention.ms\" = \"3600000\" }\n";
    let pipeline = |topic: &str| {
        format!(
            "[pipelines.{topic}]\nfrom = \"{topic}\"\ndedup = {{ store = \"sqlite:{topic}.db\", id = \"id\", keep = \"1d\" }}\n\
             to.exec.command = [\"true\"]\n"
        )
    };
    let all: String = ["t", "k", "s"].map(pipeline).concat();
    std::fs::write(folder.path().join("onefold.toml"), format!("{text}{all}")).expect("writes");
    let explained = run(folder.path(), &["explain"]).exits(0).out;
    let ran = run(folder.path(), &["run", "--drain"]).exits(0).err;
    assert!(explained.contains("7 d") && !explained.contains("unknown time"), "{explained}");
    assert!(ran.starts_with(&explained), "explained:\n{explained}\nran:\n{ran}");
}

/// A pipeline can be named alone; a name that is none is told with those that are.
#[test]
fn explain_takes_pipelines_and_names_those_there_are() {
    let folder = folder();
    let nothing = run(folder.path(), &["explain", "receipts"]).exits(2).err;
    assert!(nothing.contains("no file receipts, and no ./onefold.toml"), "{nothing}");
    file(&folder, "at-least-once");
    let text = std::fs::read_to_string(folder.path().join("onefold.toml")).expect("reads");
    let two = format!("{text}[pipelines.mail]\nfrom = \"payments\"\nto.http = {{ url = \"http://127.0.0.1:2/\" }}\n");
    std::fs::write(folder.path().join("onefold.toml"), two).expect("writes");
    let told = |args: &[&str]| {
        let out = run(folder.path(), &[&["explain"], args].concat()).exits(0).out;
        ["receipts ", "mail "].map(|name| out.lines().any(|line| line.starts_with(name)))
    };
    assert_eq!(told(&[]), [true, true]);
    assert_eq!(told(&["onefold.toml"]), [true, true]);
    assert_eq!(told(&["mail"]), [false, true]);
    assert_eq!(told(&["./onefold.toml", "receipts"]), [true, false]);
    assert_eq!(told(&["receipts", "mail"]), [true, true]);
    let unknown = run(folder.path(), &["explain", "reciepts"]).exits(2).err;
    assert_eq!(unknown, "error: onefold.toml has no pipeline reciepts (is receipts meant?): it has receipts, mail\n");
}

/// What is wrong with a file and what it declares too strongly are mended in one round.
#[test]
fn a_guarantee_that_does_not_hold_is_told_beside_what_is_wrong() {
    let folder = folder();
    file(&folder, "effectively-once");
    let path = folder.path().join("onefold.toml");
    let text = std::fs::read_to_string(&path).expect("reads").replace("partitions = 1", "partitions = 0");
    std::fs::write(&path, text).expect("writes");
    let both = run(folder.path(), &["check"]).exits(2).err;
    assert!(both.contains("partitions is 0") && both.contains("receipts declares effectively-once"), "{both}");
    assert!(both.contains("weakest link") && both.contains("2 errors in"), "{both}");
    let json = run(folder.path(), &["check", "--json"]).exits(2).out;
    assert!(json.contains("\"about\":\"weakest link\"") && json.contains("\"problems\":2"), "{json}");
}

/// A run would fail at its start; where it can be known before, it is.
#[test]
fn a_database_that_cannot_be_made_is_said_by_check() {
    let folder = folder();
    let text = "[kafka]\nembedded = { data = \"data\", listen = \"127.0.0.1:0\" }\n[topics.t]\n[pipelines.p]\nfrom = \"t\"\n\
                to.sql = { url = \"sqlite:onefold.toml/p.db\", setup = \"CREATE TABLE IF NOT EXISTS s (v)\", \
                statement = \"INSERT INTO s VALUES ({id})\" }\n";
    std::fs::write(folder.path().join("onefold.toml"), text).expect("writes");
    let said = run(folder.path(), &["check"]).exits(2).err;
    assert!(said.contains("pipelines.p.to.sql.url: onefold.toml is a file, and no folder"), "{said}");
    let fine = text.replace("onefold.toml/p.db", "new/deeper/p.db");
    std::fs::write(folder.path().join("onefold.toml"), fine).expect("writes");
    run(folder.path(), &["check"]).exits(0);
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 1, "looking leaves nothing");
}
