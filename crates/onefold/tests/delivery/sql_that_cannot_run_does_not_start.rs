//! A statement that cannot be prepared, or a setup that takes from what durability rests on, ends a run before its first
//! record: nothing dies of it.

use onefold::boundary::sql::file::Statements;
use onefold::placeholders::{Mark, Statement};
use onefold::prelude::*;
use onefold::testing;

use crate::common::{Folder, payments};

async fn run(folder: &Folder, sql: &str) -> Result<testing::Tested, onefold::RunError> {
    let effect = Statements::new(vec![], Statement::compile_all(sql, Mark::Question).unwrap());
    testing::run(folder.loyalty().await.tx_effect(effect), payments(5)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_cannot_be_prepared() {
    let folder = Folder::new();
    let refused = run(&folder, "INSERT INTO pionts VALUES ({user_id}, 1)").await.unwrap_err().to_string();
    assert!(refused.contains("pipeline loyalty: a statement cannot be prepared in"), "{refused}");
    assert!(refused.contains("no such table: pionts") && refused.contains("in `setup`"), "{refused}");
    assert_eq!(folder.number("SELECT count(*) FROM onefold_position"), 0, "nothing was read");
    let makes = "CREATE TABLE IF NOT EXISTS more (id TEXT); INSERT INTO more VALUES ({id})";
    assert_eq!(run(&folder, makes).await.unwrap().counters.effects, 5);
    assert_eq!(folder.number("SELECT count(*) FROM more"), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_that_takes_from_durability() {
    let folder = Folder::new();
    let db = || async { Sqlite::open(folder.path()).await.unwrap() };
    for sql in ["PRAGMA synchronous=OFF", "PRAGMA journal_mode=DELETE", "BEGIN; CREATE TABLE a (x)"] {
        assert!(db().await.setup(sql).is_err(), "{sql}");
    }
    testing::run(folder.loyalty_ready().await, payments(1)).await.unwrap();
    assert!(db().await.setup("DELETE FROM onefold_position").is_err());
    assert!(db().await.setup("PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS a (x)").is_ok());
}
