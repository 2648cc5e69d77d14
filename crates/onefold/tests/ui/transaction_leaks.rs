//! A handler that carries its transaction off into a task of its own.
use onefold::prelude::*;

async fn add_points(_: Key, tx: &mut Tx<Sqlite>) -> Handled {
    tokio::spawn(async move { tx.execute("", ()).await });
    Ok(Done)
}

fn main() {}
