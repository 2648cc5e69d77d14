//! A handler that wants the transaction of another database than its pipeline's.
//? is not a handler for a pipeline that runs in a transaction
//? its last argument must be `&mut Tx<
use std::sync::Arc;

use onefold::boundary::sink::{Sink, SinkError, SinkSettings};
use onefold::boundary::{Database, TxEffect};
use onefold::prelude::*;

struct Mine;

impl Database for Mine {
    type Conn = ();

    fn target(&self) -> String {
        String::new()
    }

    fn sink(self, _: Arc<dyn TxEffect<Self>>, _: SinkSettings) -> Result<Arc<dyn Sink>, SinkError> {
        Err(SinkError::Down(String::new()))
    }
}

async fn post(_: Key, _: &mut Tx<Mine>) -> Handled {
    Ok(Done)
}

fn pipeline(db: Sqlite) {
    let _ = Pipeline::from("payments").in_transaction_of(db).handle(post);
}

fn main() {}
