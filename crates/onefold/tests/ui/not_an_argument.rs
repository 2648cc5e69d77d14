//! An argument that nothing can be extracted into.
use onefold::prelude::*;

async fn post(_: String) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
