//! A guarantee that an effect elsewhere cannot give.
use onefold::prelude::*;

async fn post(_: Key) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").guarantee(EffectivelyOnce).handle(post);
}
