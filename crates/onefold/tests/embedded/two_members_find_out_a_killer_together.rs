//! Two processes share a group, and a record in one of their partitions aborts whoever runs it. The partition goes from one
//! to the other with every end and every new start, in the middle of the search; what is known goes with it. The killer
//! ends dead after as many ends as with one process, and everybody else is done.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onefold::log::kafka::KafkaSettings;
use onefold::prelude::*;

use crate::common::payments;
use crate::produce;

const COUNT: u32 = 120;
const KILLER: &str = "evt-61";
/// Two that nobody is charged for, three alone; a few more where a partition moved in order just before, with the position
/// nearer than at the last end.
const CRASHES: std::ops::RangeInclusive<usize> = 5..=9;

#[tokio::test(flavor = "multi_thread")]
async fn two_members_find_out_a_killer_together() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(folder.path().join("broker")).await.unwrap();
    kafka.create_topic("payments", 4).await.unwrap();
    produce(&kafka, payments(COUNT)).await;
    let start = || Member::start(folder.path(), kafka.address());
    let (mut members, mut crashes, began) = (vec![start(), start()], 0, Instant::now());
    while !members.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(150), "{crashes} crashes, {:?}", done(folder.path()).len());
        let mut stay = Vec::new();
        for mut member in members {
            match member.0.try_wait().unwrap() {
                None => stay.push(member),
                Some(status) if status.success() => {}
                Some(_) => {
                    crashes += 1;
                    stay.push(start());
                }
            }
        }
        members = stay;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let all: BTreeSet<String> = (0..COUNT).map(|nth| format!("evt-{nth}")).filter(|id| id != KILLER).collect();
    assert_eq!(done(folder.path()), all, "after {crashes} crashes");
    assert_eq!(dead(&kafka).await, [(KILLER.to_owned(), "crash".to_owned(), "3".to_owned())], "{crashes} crashes");
    assert!(CRASHES.contains(&crashes), "{crashes} crashes");
    kafka.shutdown().await;
}

/// Id, class and attempts of each letter.
async fn dead(kafka: &Kafka) -> Vec<(String, String, String)> {
    type Letters = Arc<Mutex<Vec<(String, String, String)>>>;
    let found = Letters::default();
    let letters = Pipeline::from("payments.loyalty.dead").group("letters").with_state(found.clone());
    let keep = letters.handle(async |record: Record, State(found): State<Letters>| {
        let says = |header| String::from_utf8_lossy(record.header(header).map_or(b"", |value| &value[..])).into_owned();
        found.lock().unwrap().push((id_of(&record), says("onefold-class"), says("onefold-attempts")));
    });
    onefold::run(kafka, [keep]).drain(true).await.unwrap();
    let mut found = found.lock().unwrap().clone();
    // A letter may be there twice: the process may end between it and the commit.
    found.dedup();
    found
}

fn done(folder: &Path) -> BTreeSet<String> {
    std::fs::read_to_string(folder.join("done")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// This test program again, as one of the two. It does not outlive the test.
struct Member(Child);

impl Member {
    fn start(folder: &Path, address: &str) -> Member {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "two_members_find_out_a_killer_together::one_of_the_two", "--ignored"]);
        command.env("ONEFOLD_TEST_FOLDER", folder).env("ONEFOLD_TEST_ADDRESS", address);
        Member(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, to be killed"]
async fn one_of_the_two() {
    let Ok(folder) = std::env::var("ONEFOLD_TEST_FOLDER") else { return };
    let mut settings = KafkaSettings::new(&std::env::var("ONEFOLD_TEST_ADDRESS").unwrap());
    // So soon the broker takes a member for dead that ended without a word.
    settings.more = vec![("session.timeout.ms".into(), "6000".into()), ("heartbeat.interval.ms".into(), "300".into())];
    let kafka = Kafka::with(settings).unwrap();
    let loyalty = Pipeline::from("payments").group("loyalty").with_state(Path::new(&folder).join("done"));
    let loyalty = loyalty.handle(async |record: Record, State(done): State<PathBuf>| {
        let id = id_of(&record);
        if id == KILLER {
            std::process::abort();
        }
        let mut done = std::fs::OpenOptions::new().create(true).append(true).open(done).unwrap();
        done.write_all(format!("{id}\n").as_bytes()).unwrap();
    });
    onefold::run(&kafka, [loyalty]).drain(true).await.unwrap();
}

fn id_of(record: &Record) -> String {
    let value: serde_json::Value = serde_json::from_slice(record.payload()).unwrap();
    value["id"].as_str().unwrap().to_owned()
}
