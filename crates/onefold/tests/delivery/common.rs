//! Points per user in SQLite, and payments that add to them.

use onefold::boundary::sql::sqlite::Sqlite;
use onefold::prelude::*;
use onefold::{Pipeline, Ready};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Payment {
    pub user_id: String,
    pub amount: i64,
}

pub const POINTS: &str = "CREATE TABLE IF NOT EXISTS points (user_id TEXT PRIMARY KEY, points INTEGER NOT NULL) STRICT";

pub async fn add_points(Json(payment): Json<Payment>, tx: &mut Tx<Sqlite>) -> Handled {
    let add = "INSERT INTO points VALUES (?1, ?2) ON CONFLICT DO UPDATE SET points = points + excluded.points";
    tx.execute(add, (payment.user_id, payment.amount / 100)).await?;
    Ok(Done)
}

/// A payment as it stands in the topic.
pub fn payment(id: &str, user: u32, cents: i64) -> Record {
    let value = format!(r#"{{"source":"/checkout","id":"{id}","user_id":"user-{user}","amount":{cents}}}"#);
    Record::new("payments", Some(format!("user-{user}").as_bytes()), Some(value.as_bytes()))
}

/// So many payments of a few users; each is worth one point.
pub fn payments(count: u32) -> Vec<Record> {
    (0..count).map(|nth| payment(&format!("evt-{nth}"), nth % 7, 100)).collect()
}

pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> std::path::PathBuf {
        self.0.path().join("loyalty.db")
    }

    pub async fn db(&self) -> Sqlite {
        Sqlite::open(self.path()).await.unwrap().setup(POINTS).unwrap()
    }

    pub async fn loyalty(&self) -> Pipeline<onefold::pipeline::InTransaction<Sqlite>> {
        Pipeline::from("payments").group("loyalty").in_transaction_of(self.db().await)
    }

    pub async fn loyalty_ready(&self) -> Ready {
        self.loyalty().await.dedup(by_event_id()).guarantee(EffectivelyOnce).handle(add_points)
    }

    pub fn number(&self, sql: &str) -> i64 {
        rusqlite::Connection::open(self.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub fn points(&self) -> i64 {
        self.number("SELECT coalesce(sum(points), 0) FROM points")
    }
}
