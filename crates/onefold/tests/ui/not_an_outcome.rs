//! A handler that returns something else.
//? a handler cannot return `u32`
//? return `()`, `Outcome` or `Handled`
use onefold::prelude::*;

async fn post(_: Key) -> u32 {
    3
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
