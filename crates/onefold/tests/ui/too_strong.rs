//! A guarantee that an effect elsewhere cannot give.
//? this pipeline cannot give `onefold::prelude::EffectivelyOnce`: its effect is `Anywhere`
//? or declare `.guarantee(AtLeastOnce)`
use onefold::prelude::*;

async fn post(_: Key) -> Handled {
    Ok(Done)
}

fn main() {
    let _ = Pipeline::from("payments").guarantee(EffectivelyOnce).handle(post);
}
