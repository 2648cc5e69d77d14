//! A handler that carries its transaction off into a task.
//? borrowed data escapes outside of
use onefold::prelude::*;

fn spawn(_: impl Future + Send + 'static) {}

async fn add_points(_: Key, tx: &mut Tx<Sqlite>) -> Handled {
    spawn(async move { tx.execute("", ()).await });
    Ok(Done)
}

fn main() {}
