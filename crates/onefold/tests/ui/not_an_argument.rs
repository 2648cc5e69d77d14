//! An argument that nothing can be extracted into.
//? `String` cannot be a handler argument of this pipeline
//? not an extractor here
use onefold::prelude::*;

async fn post(_: String) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
