//! What nobody waits for becomes durable all the same, soon: also while others sync by themselves, and after they stopped.

mod support;

use std::time::{Duration, Instant};
use support::{append, at, create_topic, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acks_1_becomes_durable_without_anyone_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path()).expect("the log opens");
    create_topic(&log, 1, 1);
    let mut slowest = Duration::ZERO;
    for round in 0..20 {
        // Some that are waited for, so that leading begins.
        for _ in 0..round {
            let waiting = log.clone();
            let lsn = append(&log, at(1, 0), b"waited for").1;
            tokio::spawn(async move { waiting.wait_durable(lsn).await }).await.expect("a task").expect("durable");
        }
        if round % 5 == 4 {
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        let (offset, _) = append(&log, at(1, 0), b"not waited for");
        let begin = Instant::now();
        while log.high_watermark(at(1, 0)) != Some(offset + 1) {
            assert!(begin.elapsed() < Duration::from_secs(20), "round {round}: it never becomes durable");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        slowest = slowest.max(begin.elapsed());
    }
    println!("slowest {slowest:?}");
}
