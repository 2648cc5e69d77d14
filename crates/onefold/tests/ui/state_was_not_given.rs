//! A handler wants state that the pipeline was not given.
//? cannot be a handler argument of this pipeline
//? `State<S>` after `.with_state(s)`
use onefold::prelude::*;

async fn post(_: State<u32>) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
