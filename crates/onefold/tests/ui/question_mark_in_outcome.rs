//! `?` in a handler that returns a bare outcome.
use onefold::prelude::*;

async fn add_points(_: Key, tx: &mut Tx<Sqlite>) -> Outcome {
    tx.execute("", ()).await?;
    Done
}

fn main() {}
