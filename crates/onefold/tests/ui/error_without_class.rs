//! An error that does not say what to do about it.
//? does not say what the runtime should do with it
//? `?` turns any std error into `Failure`
use onefold::prelude::*;

async fn post(_: Key) -> Result<Outcome, std::io::Error> {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
