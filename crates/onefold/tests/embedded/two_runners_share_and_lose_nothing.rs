//! Two runners of one group on one broker, one of which comes late and leaves early: partitions move twice while
//! records flow, every point is given once, and a handler elsewhere misses nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onefold::prelude::*;

use crate::common::{Folder, payments};
use crate::produce;

#[tokio::test(flavor = "multi_thread")]
async fn two_runners_share_and_lose_nothing() {
    let folder = Folder::new();
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    kafka.create_topic("payments", 6).await.unwrap();
    let seen: Arc<Mutex<HashSet<String>>> = Arc::default();
    let receipts = || {
        Pipeline::from("payments").group("receipts").with_state(seen.clone()).handle(
            async |Json(event): Json<serde_json::Value>, State(seen): State<Arc<Mutex<HashSet<String>>>>| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                seen.lock().unwrap().insert(event["id"].to_string());
            },
        )
    };
    let (stop_late, late_stopped) = tokio::sync::oneshot::channel::<()>();
    let done = async {
        let deadline = Instant::now() + Duration::from_secs(60);
        while folder.points() < 3000 || seen.lock().unwrap().len() < 3000 {
            assert!(Instant::now() < deadline, "{} points, {} seen", folder.points(), seen.lock().unwrap().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let both = [folder.loyalty_ready().await, receipts()];
    let early = onefold::run(&kafka, both).until(done).into_future();
    let both = [folder.loyalty_ready().await, receipts()];
    let (observer, mut told) = onefold::Observer::channel();
    let late = onefold::run(&kafka, both).observe(observer).until(async { drop(late_stopped.await) }).into_future();
    let feed = async {
        let all = payments(3000);
        for (nth, chunk) in all.chunks(500).enumerate() {
            produce(&kafka, chunk.to_vec()).await;
            tokio::time::sleep(Duration::from_millis(150)).await;
            if nth == 3 {
                break;
            }
        }
        // It goes only when it has had its share of both.
        let mut shares = HashSet::new();
        while shares.len() < 2 {
            let snapshot = told.recv().await.unwrap();
            if snapshot.partitions > 0 {
                shares.insert(snapshot.name);
            }
        }
        drop(stop_late);
        produce(&kafka, all[2000..].to_vec()).await;
    };
    let (early, late, ()) = tokio::join!(early, late, feed);
    let (early, late) = (early.unwrap(), late.unwrap());
    assert_eq!(folder.points(), 3000, "{early}\n{late}");
    assert_eq!(seen.lock().unwrap().len(), 3000, "{early}\n{late}");
    kafka.shutdown().await;
}

use std::future::IntoFuture;
