//! A handler can do all with its transaction but end it and touch Onefold's own tables; where a statement ends it all
//! the same, the records of the batch run again one by one and only the culprit pays.

use std::time::Duration;

use onefold::prelude::*;
use onefold::testing;

use crate::common::{Folder, add_points, payment, payments};

const FORBIDDEN: [&str; 24] = [
    "BEGIN",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT x",
    "RELEASE onefold_record",
    "ROLLBACK TO onefold_record",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "PRAGMA synchronous=OFF",
    "PRAGMA data_version=1",
    "VACUUM",
    "INSERT INTO onefold_ids VALUES (x'00', x'00', 'done', 0, 'g')",
    "UPDATE Onefold_Position SET next_offset = 99",
    "DELETE FROM onefold_position",
    "DROP TABLE onefold_done",
    "ALTER TABLE onefold_done RENAME TO done",
    "ALTER TABLE onefold_done ADD COLUMN x",
    "CREATE INDEX i ON onefold_done (gap_start)",
    "CREATE TRIGGER t AFTER INSERT ON onefold_ids BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER t AFTER INSERT ON onefold_ids BEGIN SELECT 1; END",
    // A temporary name would hide ours from then on.
    "CREATE TEMP TABLE onefold_position (x)",
    "CREATE TEMP VIEW onefold_ids AS SELECT 1",
    "CREATE TABLE onefold_more (x)",
];

async fn meddle(Json(event): Json<serde_json::Value>, tx: &mut Tx<Sqlite>) -> Handled {
    let sql = event["id"].as_str().unwrap_or_default().to_owned();
    assert!(tx.execute(&sql, ()).await.is_err(), "{sql} went through");
    // By way of something of one's own, too.
    tx.execute("INSERT INTO points VALUES (?1, 1)", [&sql]).await?;
    Ok(Done)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forbidden_is_refused_and_nothing_else_is_harmed() {
    let folder = Folder::new();
    let records: Vec<Record> = FORBIDDEN.iter().map(|sql| payment(sql, 1, 1)).collect();
    let ended = testing::run(folder.loyalty().await.handle(meddle), records).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead, ended.counters.retried), (24, 0, 0), "{ended:?}");
    assert_eq!((folder.points(), folder.number("SELECT sum(next_offset) FROM onefold_position")), (24, 24));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_of_ones_own_reaches_no_further_than_its_handler() {
    let folder = Folder::new();
    let trigger = "CREATE TRIGGER IF NOT EXISTS reset AFTER INSERT ON points BEGIN DELETE FROM onefold_position; END";
    let db = folder.db().await;
    testing::run(folder.loyalty_ready().await, []).await.unwrap();
    let pipeline = Pipeline::from("payments").group("loyalty").in_transaction_of(db.setup(trigger).unwrap());
    let pipeline = pipeline.retry(Retry::attempts(1)).flood_guard(false).handle(add_points);
    let ended = testing::run(pipeline, payments(20)).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead, folder.points()), (0, 20, 0));
    assert_eq!(folder.number("SELECT count(*) FROM onefold_position"), 3);
}

/// Whether the handler passes the error on or swallows it.
async fn with_points_of_user_3_refused(refusal: &str, swallow: bool) -> (Folder, testing::Tested) {
    async fn add(Json(event): Json<serde_json::Value>, State(swallow): State<bool>, tx: &mut Tx<Sqlite>) -> Handled {
        let add = "INSERT INTO points VALUES (?1, 1) ON CONFLICT DO UPDATE SET points = points + 1";
        match tx.execute(add, [event["user_id"].as_str()]).await {
            Err(_) if swallow => Ok(Done),
            other => other.map(|_| Done).map_err(Failure::from),
        }
    }
    let folder = Folder::new();
    let trigger = format!(
        "CREATE TRIGGER IF NOT EXISTS refuse BEFORE INSERT ON points WHEN new.user_id = 'user-3' \
         BEGIN SELECT RAISE({refusal}, 'not this one'); END"
    );
    let db = folder.db().await.setup(&trigger).unwrap();
    let retry = Retry::attempts(3).first(Duration::from_millis(1));
    let pipeline = Pipeline::from("payments").group("loyalty").in_transaction_of(db).dedup(by_event_id()).retry(retry);
    let ended = testing::run(pipeline.with_state(swallow).handle(add), payments(140)).await.unwrap();
    (folder, ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_ends_the_transaction_costs_only_its_own_record() {
    for refusal in ["ABORT", "FAIL", "ROLLBACK"] {
        let (folder, ended) = with_points_of_user_3_refused(refusal, false).await;
        let (effects, dead, retried) = (ended.counters.effects, ended.counters.dead, ended.counters.retried);
        assert_eq!((folder.points(), effects, dead, retried), (120, 120, 20, 0), "{refusal}: {ended:?}");
        let letter = &ended.dead_letters[0];
        let message = letter.header("onefold-message").unwrap();
        assert!(message.windows(12).any(|text| text == b"not this one"), "{refusal}: {message:?}");
        assert_eq!(folder.number("SELECT count(*) FROM onefold_ids WHERE state = 'done'"), 120);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_goes_on_without_its_transaction_is_not_done() {
    let (folder, ended) = with_points_of_user_3_refused("ROLLBACK", true).await;
    assert_eq!((folder.points(), ended.counters.effects, ended.counters.dead), (120, 120, 20), "{ended:?}");
}

/// What only the commit finds out, a deferred constraint, ends the whole batch: the others are done as if it were not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_is_the_fault_of_one() {
    async fn pay(Json(event): Json<serde_json::Value>, tx: &mut Tx<Sqlite>) -> Handled {
        tx.execute("INSERT INTO paid VALUES (?1)", [event["user_id"].as_str()]).await?;
        Ok(Done)
    }
    let folder = Folder::new();
    let schema = "CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY);
        INSERT OR IGNORE INTO users VALUES ('user-0'), ('user-1'), ('user-2'), ('user-4'), ('user-5'), ('user-6');
        CREATE TABLE IF NOT EXISTS paid (id TEXT REFERENCES users DEFERRABLE INITIALLY DEFERRED)";
    let db = folder.db().await.setup(schema).unwrap();
    let pipeline = Pipeline::from("payments").group("loyalty").in_transaction_of(db).handle(pay);
    let ended = testing::run(pipeline, payments(140)).await.unwrap();
    let counters = ended.counters;
    assert_eq!((counters.effects, counters.dead, counters.retried), (120, 20, 0), "{ended:?}");
    assert_eq!(folder.number("SELECT count(*) FROM paid"), 120);
}
