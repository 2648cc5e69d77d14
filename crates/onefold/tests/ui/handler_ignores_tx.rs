//! The pipeline lends a transaction, but the handler does not take it.
use onefold::prelude::*;

async fn post(_: Key) -> Handled {
    Ok(Done)
}

fn pipeline(db: Sqlite) {
    let _ = Pipeline::from("payments").in_transaction_of(db).handle(post);
}

fn main() {}
