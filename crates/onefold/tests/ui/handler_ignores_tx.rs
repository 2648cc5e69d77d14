//! The pipeline lends a transaction, but the handler does not take it.
//? is not a handler for a pipeline that runs in a transaction
//? its last argument must be `&mut Tx<
use onefold::prelude::*;

async fn post(_: Key) -> Handled {
    Ok(Done)
}

fn pipeline(db: Sqlite) {
    let _ = Pipeline::from("payments").in_transaction_of(db).handle(post);
}

fn main() {}
