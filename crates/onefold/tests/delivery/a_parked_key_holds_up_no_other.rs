//! One key fails for long: all other keys finish meanwhile, its followers wait untried and in order, and what finished
//! beyond it is not run again after a kill.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use onefold::prelude::*;
use onefold::testing::{self, MemoryCluster};

use crate::common::{Folder, payments};

type Log = Arc<Mutex<Vec<(String, i64)>>>;

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_key_holds_up_no_other() {
    let log = Log::default();
    let pipeline = Pipeline::from("payments")
        .with_state(log.clone())
        .retry(Retry::attempts(5).first(Duration::from_millis(200)))
        .handle(async |Key(key): Key, Offset(offset): Offset, State(log): State<Log>| -> Handled {
            let mut log = log.lock().unwrap();
            let key = String::from_utf8(key.to_vec())?;
            let fails = key == "user-3" && log.iter().filter(|(seen, _)| seen == "user-3").count() < 3;
            log.push((key, offset));
            if fails { Err(Failure::transient("not yet")) } else { Ok(Done) }
        });
    let ended = testing::run(pipeline, payments(140)).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead), (140, 0));
    let log = log.lock().unwrap();
    let tries: Vec<i64> = log.iter().filter(|(key, _)| key == "user-3").map(|(_, offset)| *offset).collect();
    assert_eq!(tries[..3], [tries[0]; 3], "followers are not tried");
    assert!(tries[3..].is_sorted() && tries.len() == 20 + 3);
    let last_failure = log.iter().rposition(|(key, offset)| key == "user-3" && *offset == tries[0]).unwrap();
    let others = log[..last_failure].iter().filter(|(key, _)| key != "user-3").count();
    assert_eq!(others, 120, "all other keys had finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finished_beyond_the_gap_is_not_run_again() {
    let cluster = MemoryCluster::new();
    cluster.create_topic("payments", 1);
    for payment in payments(50) {
        cluster.append(payment);
    }
    let folder = Folder::new();
    let pipeline = async |broken: bool| {
        folder.loyalty().await.with_state(broken).retry(Retry::attempts(9).first(Duration::from_secs(60))).handle(one)
    };
    async fn one(Offset(offset): Offset, State(broken): State<bool>, tx: &mut Tx<Sqlite>) -> Handled {
        if broken && offset == 0 {
            return Err(Failure::transient("not yet"));
        }
        tx.execute("INSERT INTO points VALUES (?1, 1)", [offset]).await?;
        Ok(Done)
    }
    let stuck = testing::run_on(&cluster, pipeline(true).await).at_most(Duration::from_secs(2)).await;
    assert!(stuck.is_err(), "user-0 is parked, so it cannot drain");
    let before = folder.points();
    assert!(before > 0, "other keys went on");
    let ended = testing::run_on(&cluster, pipeline(false).await).await.unwrap();
    assert_eq!((folder.points(), ended.counters.effects as i64), (50, 50 - before), "{ended:?}");
}
