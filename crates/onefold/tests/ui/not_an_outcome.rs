//! A handler that returns something else.
use onefold::prelude::*;

async fn post(_: Key) -> u32 {
    3
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
