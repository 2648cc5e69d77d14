//! A handler that is a plain function.
//? not an `async fn` of extractors
use onefold::prelude::*;

fn post(_: Key) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
