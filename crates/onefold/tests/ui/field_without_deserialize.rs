//! A payload type that cannot be read from JSON.
//? consider adding `#[derive(serde::Deserialize)]` to your `Payment` type
use onefold::prelude::*;

struct Payment;

async fn post(_: Json<Payment>) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").handle(post);
}
