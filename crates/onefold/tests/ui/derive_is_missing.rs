//! `Deserialize` is serde's, and is not in the prelude.
//? cannot find derive macro `Deserialize`
//? consider adding `#[derive(serde::Deserialize)]` to your `Payment` type
use onefold::prelude::*;

#[derive(Deserialize)]
struct Payment {
    user_id: String,
}

fn main() {
    let _ = Pipeline::from("payments").handle(async |Json(p): Json<Payment>| drop(p.user_id));
}
