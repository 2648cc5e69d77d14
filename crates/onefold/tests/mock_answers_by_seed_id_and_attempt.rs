//! A mock's answers are a function of (seed, id, attempt); what it took is in its log before it answers, and a log torn
//! by a kill is mended at the next start.
#![cfg(all(feature = "mocks", feature = "http"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use onefold::mock::Mock;
use onefold::settings::File;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

fn settings(folder: &Path, more: &str) -> onefold::settings::MockSettings {
    let text =
        format!("[kafka]\nbootstrap = \"k:9092\"\n[mocks.m]\nlisten = \"127.0.0.1:0\"\nlog = \"taken.ndjson\"\n{more}");
    let file = File::parse(&folder.join("onefold.toml"), text).unwrap_or_else(|wrong| panic!("{wrong}"));
    file.mocks[0].clone()
}

async fn post(mock: &Mock, body: &str) -> Option<u16> {
    let request = client().post(format!("http://{}/", mock.address())).body(body.to_owned());
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap()
}

fn event(id: usize) -> String {
    format!(r#"{{"source":"/s","id":"e-{id}","data":{{"user":"u-{}"}}}}"#, id % 10)
}

fn taken(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("taken.ndjson")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const RULES: &str = r#"
seed = 7
fail = { status = 503, share = 0.3, times = 3 }
reject = [{ status = 422, where = { "data.user" = "u-3" } }, { status = 500, where = { "data.user" = "u-4" } }]
"#;

/// The statuses of five attempts at each of forty ids.
async fn statuses(folder: &Path, rules: &str) -> BTreeMap<usize, Vec<u16>> {
    let mock = Mock::start(&settings(folder, rules)).await.unwrap();
    let mut all = BTreeMap::new();
    for id in 0..40 {
        for _ in 0..5 {
            all.entry(id).or_insert_with(Vec::new).push(post(&mock, &event(id)).await.unwrap());
        }
    }
    mock.shutdown().await;
    all
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers() {
    let (a, b, c) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = statuses(a.path(), RULES).await;
    assert_eq!(first, statuses(b.path(), RULES).await);
    assert_ne!(first, statuses(c.path(), &RULES.replace("seed = 7", "seed = 8")).await);
    for (id, statuses) in &first {
        match (id % 10, statuses[0]) {
            (3, _) => assert_eq!(statuses, &[422; 5]),
            (4, _) => assert_eq!(statuses, &[500; 5]),
            (_, 503) => assert_eq!(statuses, &[503, 503, 503, 200, 200]),
            _ => assert_eq!(statuses, &[200; 5]),
        }
    }
    let failing = first.values().filter(|statuses| statuses[0] == 503).count();
    assert!((3..25).contains(&failing), "{failing} of 32 fail at first, expected about a third");
    assert!(taken(a.path()).iter().all(|line| line["source"] == "/s" && line["id"].is_string()));
}

#[tokio::test]
async fn what_hangs_is_taken_and_durable_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::start(&settings(folder.path(), "hang = { for = \"60s\", times = 1 }")).await.unwrap();
    let request =
        client().post(format!("http://{}/", mock.address())).body(event(1)).timeout(Duration::from_millis(500));
    assert!(request.send().await.is_err_and(|why| why.is_timeout()));
    assert_eq!(taken(folder.path()).len(), 1, "in the log though nobody was answered");
    let began = Instant::now();
    assert_eq!(post(&mock, &event(1)).await, Some(200));
    assert!(began.elapsed() < Duration::from_secs(15), "the second attempt does not hang");
}

/// What is planned for one id does not add up, or a slow machine's own timeouts would decide which records die.
#[tokio::test]
async fn an_id_that_hangs_does_not_fail_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "hang = { for = \"1ms\", times = 1 }\nfail = { times = 3 }";
    let mock = Mock::start(&settings(folder.path(), rules)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(post(&mock, &event(1)).await, Some(200));
    }
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_attempts_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("taken.ndjson");
    std::fs::write(&log, "{\"source\":\"/s\",\"id\":\"e-1\",\"attempt\":1}\n{\"source\":\"/s\",\"id\":\"e-").unwrap();
    let mock = Mock::start(&settings(folder.path(), "fail = { times = 1 }")).await.unwrap();
    assert_eq!(post(&mock, &event(1)).await, Some(200), "its first attempt is in the log");
    assert_eq!(post(&mock, &event(2)).await, Some(503));
    assert_eq!(post(&mock, &event(2)).await, Some(200));
    let ids: Vec<_> = taken(folder.path()).iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["e-1", "e-1", "e-2"]);
}

#[tokio::test]
async fn a_taken_address_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::start(&settings(folder.path(), "")).await.unwrap();
    let mut same = settings(folder.path(), "");
    same.listen.value = mock.address();
    let why = Mock::start(&same).await.expect_err("taken").to_string();
    assert!(why.contains("is taken") && why.contains("set another `listen`"), "{why}");
}
