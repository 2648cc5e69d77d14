//! A handler that carries its transaction off into a thread of its own.
//? borrowed data escapes outside of
use onefold::prelude::*;

async fn add_points(_: Key, tx: &mut Tx<Sqlite>) -> Handled {
    std::thread::spawn(move || drop(tx.execute("", ())));
    Ok(Done)
}

fn main() {}
