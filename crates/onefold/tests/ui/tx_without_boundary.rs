//! A handler takes a transaction, but the pipeline has none.
use onefold::prelude::*;

async fn add_points(_: Key, tx: &mut Tx<Sqlite>) -> Handled {
    tx.execute("", ()).await?;
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(add_points);
}
