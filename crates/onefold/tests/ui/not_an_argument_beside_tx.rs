//! The same beside a transaction.
//? `String` cannot be a handler argument of this pipeline
//? not an extractor here
use onefold::prelude::*;

async fn post(_: String, tx: &mut Tx<Sqlite>) -> Handled {
    tx.execute("", ()).await?;
    Ok(Done)
}

fn pipeline(db: Sqlite) {
    let _ = Pipeline::from("payments").in_transaction_of(db).handle(post);
}

fn main() {}
