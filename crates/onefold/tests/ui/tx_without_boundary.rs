//! A handler takes a transaction, but the pipeline has none.
//? cannot be a handler argument of this pipeline
//? `&mut Tx<Db>` needs `.in_transaction_of(db)` before `.handle`, and comes last
use onefold::prelude::*;

async fn add_points(_: Key, tx: &mut Tx<Sqlite>) -> Handled {
    tx.execute("", ()).await?;
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(add_points);
}
