//! An error that does not say what to do about it.
use onefold::prelude::*;

async fn post(_: Key) -> Result<Outcome, std::io::Error> {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
