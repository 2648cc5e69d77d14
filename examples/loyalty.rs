//! Points for payments, each payment once: the broker, the pipeline and the database in one process.
//!
//! ```sh
//! cargo run --package onefold --features embedded,tls --example loyalty
//! sqlite3 data/loyalty.db 'SELECT * FROM points'
//! ```
//!
//! Stop it with Ctrl-C, or kill it: started again it goes on where it was, and the payments below, which it produces
//! at every start under the same ids, count once.

use onefold::log::Publish;
use onefold::prelude::*;
use serde::Deserialize;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS points (user_id TEXT PRIMARY KEY, points INTEGER NOT NULL) STRICT";

#[derive(Deserialize)]
struct Payment {
    user_id: String,
    amount: i64,
}

async fn add_points(Json(p): Json<Payment>, tx: &mut Tx<Sqlite>) -> Handled {
    tx.execute(
        "INSERT INTO points VALUES (?1, ?2) ON CONFLICT DO UPDATE SET points = points + excluded.points",
        (p.user_id, p.amount / 100),
    )
    .await?;
    Ok(Done)
}

#[tokio::main]
async fn main() -> onefold::Result<()> {
    let kafka = Kafka::embedded("data/broker").await?;
    let loyalty = Pipeline::from("payments")
        .group("loyalty")
        .in_transaction_of(Sqlite::open("data/loyalty.db").await?.setup(SCHEMA)?) // position and effect commit together
        .dedup(by_event_id().keep(days(30)))
        .guarantee(EffectivelyOnce) // does not compile on a boundary that cannot
        .handle(add_points);
    print!("{}", loyalty.explain(None));
    produce_some(&kafka).await?;
    let table = onefold::run(&kafka, [loyalty]).until(onefold::shutdown()).await?;
    println!("{table}");
    kafka.shutdown().await;
    Ok(())
}

async fn produce_some(kafka: &Kafka) -> onefold::Result<()> {
    kafka.create_topic("payments", 3).await?;
    for (id, user, cents) in [("evt-1", "user-1", 250), ("evt-2", "user-2", 1999), ("evt-3", "user-1", 100)] {
        let event = format!(r#"{{"source":"/checkout","id":"{id}","user_id":"{user}","amount":{cents}}}"#);
        kafka.publisher().publish(Record::new("payments", Some(user.as_bytes()), Some(event.as_bytes()))).await?;
    }
    println!("payments are at {}; Ctrl-C ends", kafka.address());
    Ok(())
}
