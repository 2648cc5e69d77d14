//! A handler that is a plain function.
//? is not a future
use onefold::prelude::*;

fn post(_: Key) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
