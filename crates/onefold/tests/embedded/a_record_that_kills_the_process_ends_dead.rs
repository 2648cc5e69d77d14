//! One record aborts the process that handles it. After some restarts everything else is done, that record is in the
//! dead letters and its neighbours are not, whatever the protocol; and kills from outside bury nobody.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use onefold::pipeline::dedup::DedupStore;
use onefold::pipeline::plan::Protocol;
use onefold::prelude::*;

use crate::common::{POINTS, add_points, payments};
use crate::produce;

const COUNT: u32 = 400;
const WHY: &str = "the process ended 3 times while this record ran in it alone";
/// Three that nobody is charged for, and three alone; one more where the second one left the position nearer.
const CRASHES: std::ops::RangeInclusive<usize> = 6..=7;

#[test]
fn where_the_sink_has_the_position() {
    ends_dead("sink-offsets", &["evt-201"]);
}

#[test]
fn where_effects_are_elsewhere() {
    ends_dead("effect-first", &["evt-201"]);
}

#[test]
fn where_ids_are_marked_after() {
    ends_dead("mark-after", &["evt-201"]);
}

#[test]
fn where_ids_are_in_the_transaction() {
    ends_dead("inbox", &["evt-0"]);
}

#[test]
fn so_do_two_of_them_and_nothing_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let crashes = run_until_it_ends(folder.path(), "effect-first", "evt-40,evt-41", None);
    assert!(crashes <= 2 * CRASHES.end(), "{crashes}");
    check(folder.path(), "effect-first", &["evt-40", "evt-41"]);
}

/// Both are careful after such crashes, and each runs its suspects while the other is quiet.
#[test]
fn beside_another_pipeline_only_the_killer_is_charged() {
    let folder = tempfile::tempdir().unwrap();
    let crashes = run_until_it_ends(folder.path(), "effect-first beside sink-offsets", "evt-201", None);
    assert!(CRASHES.contains(&crashes), "{crashes} crashes");
    check(folder.path(), "effect-first", &["evt-201"]);
    let db = rusqlite::Connection::open(folder.path().join("loyalty.db")).unwrap();
    let number = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("SELECT sum(points) FROM points"), i64::from(COUNT));
    assert_eq!(number("SELECT count(*) FROM onefold_dead"), 0);
    assert_eq!(
        number("SELECT count(*) FROM onefold_suspects WHERE is_open OR ends > 0"),
        0,
        "all were given up in order"
    );
}

/// A commit comes before each run: what killed once is never delivered again, and nothing is noted.
#[test]
fn at_most_once_kills_once() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run_until_it_ends(folder.path(), "commit-first", "evt-201", None), 1);
    assert_eq!(dead(folder.path()), Vec::<String>::new());
}

#[test]
fn kills_from_outside_bury_nobody() {
    // The same place again and again, so that nothing moves; the fourth kill hits a suspect that runs alone, and so does
    // the fifth. One more at that place is what the setting says.
    for (kind, point) in [
        ("effect-first", "before-effect:1"),
        ("mark-after", "after-effect:1"),
        ("sink-offsets", "before-sink-commit:1"),
        ("inbox", "before-sink-commit:1"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..5 {
            assert!(!child(folder.path(), kind, "", Some(point)), "{kind}: it was to be killed");
        }
        assert_eq!(run_until_it_ends(folder.path(), kind, "", None), 0);
        check(folder.path(), kind, &[]);
    }
}

#[test]
fn thirty_kills_at_any_places_bury_nobody() {
    for (kind, places) in [
        ("effect-first", ["before-effect", "after-effect", "before-commit", "after-commit"]),
        ("sink-offsets", ["before-sink-commit", "after-sink-commit", "before-sink-commit", "after-commit"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..15 {
            let point = format!("{}:{}", random.choice(places).unwrap(), random.u32(1..60));
            child(folder.path(), kind, "", Some(&point));
        }
        assert_eq!(run_until_it_ends(folder.path(), kind, "", None), 0);
        check(folder.path(), kind, &[]);
    }
}

fn ends_dead(kind: &str, killers: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let crashes = run_until_it_ends(folder.path(), kind, &killers.join(","), None);
    println!("{kind}: {crashes} crashes");
    assert!(CRASHES.contains(&crashes), "{kind}: {crashes} crashes");
    check(folder.path(), kind, killers);
    // And it stays so: nothing is left that would run again.
    assert_eq!(run_until_it_ends(folder.path(), kind, &killers.join(","), None), 0);
    check(folder.path(), kind, killers);
}

/// How often it ended without a word before it ended well.
fn run_until_it_ends(folder: &Path, kind: &str, killers: &str, crash_at: Option<&str>) -> usize {
    (0..40).find(|_| child(folder, kind, killers, crash_at)).expect("it never ended well")
}

fn check(folder: &Path, kind: &str, killers: &[&str]) {
    let letters: BTreeSet<String> = dead(folder).into_iter().collect();
    assert_eq!(letters, killers.iter().map(|killer| (*killer).to_owned()).collect(), "{kind}");
    let survivors = COUNT as usize - killers.len();
    if matches!(kind, "sink-offsets" | "inbox") {
        let db = rusqlite::Connection::open(folder.join("loyalty.db")).unwrap();
        let points: i64 = db.query_row("SELECT sum(points) FROM points", [], |row| row.get(0)).unwrap();
        assert_eq!(points, survivors as i64, "{kind}");
    } else {
        let done: BTreeSet<String> = lines(folder, "done");
        assert_eq!(done.len(), survivors, "{kind}");
        assert!(killers.iter().all(|killer| !done.contains(*killer)), "{kind}");
    }
}

/// Ids of the letters, all of which say why.
fn dead(folder: &Path) -> Vec<String> {
    lines(folder, "dead").into_iter().collect()
}

fn lines(folder: &Path, file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// This test program again, as the process that is killed; whether it ended well.
fn child(folder: &Path, kind: &str, killers: &str, crash_at: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_record_that_kills_the_process_ends_dead::the_process_that_is_killed", "--ignored"]);
    command.env("ONEFOLD_TEST_FOLDER", folder).env("ONEFOLD_TEST_KIND", kind).env("ONEFOLD_TEST_KILLERS", killers);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    match crash_at {
        Some(point) => command.env("ONEFOLD_CRASH_AT", point),
        None => command.env_remove("ONEFOLD_CRASH_AT"),
    };
    command.status().unwrap().success()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, to be killed"]
async fn the_process_that_is_killed() {
    let Ok(folder) = std::env::var("ONEFOLD_TEST_FOLDER") else { return };
    let (kind, folder) = (std::env::var("ONEFOLD_TEST_KIND").unwrap(), Path::new(&folder));
    let kafka = Kafka::embedded(folder.join("broker")).await.unwrap();
    kafka.create_topic("payments", 3).await.unwrap();
    if !folder.join("produced").exists() {
        produce(&kafka, payments(COUNT)).await;
        std::fs::write(folder.join("produced"), "").unwrap();
    }
    let mut pipelines = vec![pipeline(&kind, folder).await];
    if kind.ends_with("beside sink-offsets") {
        let beside = Pipeline::from("payments").group("points").in_transaction_of(points(folder).await);
        pipelines.push(beside.handle(add_points));
    }
    onefold::run(&kafka, pipelines).drain(true).await.unwrap();
    let letters = Pipeline::from("payments.loyalty.dead").group("letters").with_state(folder.join("dead"));
    let keep_letters = letters.handle(async |record: Record, State(dead): State<PathBuf>| {
        let says = |header| record.header(header).map(|value| String::from_utf8_lossy(value).into_owned());
        let why = (says("onefold-class"), says("onefold-attempts"), says("onefold-message"));
        if why == (Some("crash".into()), Some("3".into()), Some(WHY.into())) {
            append(&dead, &id_of(&record));
        }
    });
    onefold::run(&kafka, [keep_letters]).drain(true).await.unwrap();
    kafka.shutdown().await;
}

async fn pipeline(kind: &str, folder: &Path) -> onefold::Ready {
    let described = Pipeline::from("payments").group("loyalty");
    match kind {
        "sink-offsets" => described.in_transaction_of(points(folder).await).handle(points_or_death),
        "inbox" => {
            let described = described.in_transaction_of(points(folder).await).dedup(by_event_id());
            described.protocol(Protocol::Inbox).handle(points_or_death)
        }
        elsewhere => {
            let described = match elsewhere {
                "mark-after" => described.dedup(by_event_id().store(DedupStore::Sqlite(folder.join("ids.db")))),
                "commit-first" => described.declare(Some(onefold::pipeline::guarantee::Guarantee::AtMostOnce)),
                _ => described,
            };
            described.with_state(folder.join("done")).handle(async |record: Record, State(done): State<PathBuf>| {
                die_if_asked(&record);
                append(&done, &id_of(&record));
            })
        }
    }
}

async fn points(folder: &Path) -> Sqlite {
    Sqlite::open(folder.join("loyalty.db")).await.unwrap().setup(POINTS).unwrap()
}

async fn points_or_death(record: Record, tx: &mut Tx<Sqlite>) -> Handled {
    die_if_asked(&record);
    add_points(Json(serde_json::from_slice(record.payload()).or_poison()?), tx).await
}

fn die_if_asked(record: &Record) {
    let killers = std::env::var("ONEFOLD_TEST_KILLERS").unwrap_or_default();
    if killers.split(',').any(|killer| killer == id_of(record)) {
        std::process::abort();
    }
}

fn id_of(record: &Record) -> String {
    let value: serde_json::Value = serde_json::from_slice(record.payload()).unwrap();
    value["id"].as_str().unwrap().to_owned()
}

fn append(file: &Path, line: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
