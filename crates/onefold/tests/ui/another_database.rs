//! A handler that wants the transaction of something else.
//? `Mine` is not a database that Onefold can lend a transaction of
//? `Sqlite` is one; implement `Database` for your own
use onefold::prelude::*;

struct Mine;

async fn post(_: Key, _: &mut Tx<Mine>) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").in_transaction_of(Mine).handle(post);
}
