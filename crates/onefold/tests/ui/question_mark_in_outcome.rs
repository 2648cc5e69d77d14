//! `?` in a handler that returns a bare outcome.
//? the `?` operator can only be used in an async
use onefold::prelude::*;

async fn add_points(_: Key, tx: &mut Tx<Sqlite>) -> Outcome {
    tx.execute("", ()).await?;
    Done
}

fn main() {}
