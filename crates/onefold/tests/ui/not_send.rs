//! A handler that keeps something across an await that no other thread may touch.
//? future cannot be sent between threads safely
//? Rc<i32>
use onefold::prelude::*;

async fn post(_: Key, tx: &mut Tx<Sqlite>) -> Handled {
    let count = std::rc::Rc::new(1);
    tx.execute("", ()).await?;
    drop(count);
    Ok(Done)
}

fn pipeline(db: Sqlite) {
    let _ = Pipeline::from("payments").in_transaction_of(db).handle(post);
}

fn main() {}
