//! A program's exit code decides what becomes of a record, and a program that hangs is ended with all it started.
#![cfg(feature = "exec")]
#![allow(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use onefold::boundary::exec::Program;
use onefold::boundary::{Attempt, Effect};
use onefold::settings::{File, SinkSettings};
use onefold::{ErrorClass, Handled, Outcome, Record};
use std::time::{Duration, Instant};

async fn run(script: &str, more: &str, record: &Record) -> (Handled, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\n[pipelines.p.to.exec]\n\
         command = [\"sh\", \"-c\", '''{script}''', \"x\", \"{{data.user?}}\"]\n{more}\n"
    );
    let file = File::parse(&folder.path().join("onefold.toml"), text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let SinkSettings::Exec(exec) = file.pipelines[0].to.clone() else { panic!("not exec") };
    let identity = onefold_core::identity::Identity::of_event("p", "s", "1");
    let done = Program::new(exec).unwrap().run(record, &Attempt { number: 3, identity }).await;
    (done, folder)
}

fn record() -> Record {
    let mut record = Record::new("payments", Some(b"u-1"), Some(br#"{"data":{"user":"ada; rm -rf /"}}"#));
    (record.partition, record.offset) = (4, 77);
    record
}

#[tokio::test]
async fn value_arguments_and_environment_arrive() {
    let script = r#"cat > in; printf '%s\n' "$1" "$ONEFOLD_TOPIC" "$ONEFOLD_PARTITION" "$ONEFOLD_OFFSET" "$ONEFOLD_KEY" "$ONEFOLD_KEY_HEX" "$ONEFOLD_ATTEMPT" "$SECRET" "${#ONEFOLD_ID}" > args"#;
    let (done, folder) = run(script, "env = { SECRET = \"s3\" }", &record()).await;
    assert!(matches!(done, Ok(Outcome::Done)), "{done:?}");
    assert_eq!(std::fs::read(folder.path().join("in")).unwrap(), record().payload());
    let args = std::fs::read_to_string(folder.path().join("args")).unwrap();
    assert_eq!(args, "ada; rm -rf /\npayments\n4\n77\nu-1\n752d31\n3\ns3\n32\n");
}

#[tokio::test]
async fn exit_codes_have_their_meaning() {
    let class = async |code: u8| run(&format!("echo first >&2; echo why >&2; exit {code}"), "", &record()).await.0;
    match class(65).await {
        Ok(Outcome::Dead(reason)) => assert_eq!(reason, "exit code 65 (EX_DATAERR): why"),
        other => panic!("{other:?}"),
    }
    assert_eq!(class(69).await.expect_err("fails").class, ErrorClass::SinkDown);
    for again in [1, 2, 75, 127] {
        assert_eq!(class(again).await.expect_err("fails").class, ErrorClass::Transient, "{again}");
    }
    assert_eq!(run("kill -9 $$", "", &record()).await.0.expect_err("fails").class, ErrorClass::Ambiguous);
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_its_children() {
    let began = Instant::now();
    let script = "sleep 300 & echo $! > child; sleep 300";
    let (done, folder) = run(script, "timeout = \"300ms\"", &record()).await;
    assert_eq!(done.expect_err("killed").class, ErrorClass::Ambiguous);
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    let gone = || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    };
    while !gone() {
        assert!(began.elapsed() < Duration::from_secs(10), "the child still runs");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What it leaves running in the background holds its pipes open; that is nobody's business.
#[tokio::test]
async fn a_program_that_leaves_something_behind_is_done_when_it_ends() {
    let began = Instant::now();
    let (done, _folder) = run("sleep 20 & exit 0", "", &record()).await;
    assert!(matches!(done, Ok(Outcome::Done)), "{done:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_program_that_does_not_read_is_no_error_and_one_that_is_not_there_is_the_sink() {
    let large = Record::new("payments", None, Some(&vec![b' '; 1 << 20]));
    let script = "exit 0";
    let folder = tempfile::tempdir().unwrap();
    let program = |command: &str| {
        let text = format!(
            "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\nto.exec = {{ command = {command} }}\n"
        );
        let file = File::parse(&folder.path().join("onefold.toml"), text).unwrap();
        let SinkSettings::Exec(exec) = file.pipelines[0].to.clone() else { panic!("not exec") };
        Program::new(exec).unwrap()
    };
    let identity = onefold_core::identity::Identity::of_event("p", "s", "1");
    let attempt = Attempt { number: 1, identity };
    let done = program(&format!("[\"sh\", \"-c\", \"{script}\"]")).run(&large, &attempt).await;
    assert!(matches!(done, Ok(Outcome::Done)), "{done:?}");
    // There when the file was read, gone when it is to run.
    let short_lived = folder.path().join("short-lived");
    std::fs::copy("/bin/sh", &short_lived).unwrap();
    let missing = program("[\"./short-lived\"]");
    std::fs::remove_file(&short_lived).unwrap();
    let missing = missing.run(&large, &attempt).await;
    assert_eq!(missing.expect_err("fails").class, ErrorClass::SinkDown);
}
