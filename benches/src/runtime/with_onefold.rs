//! The same with Onefold: a pipeline whose handler does nothing, on its default protocol for a handler, `EffectFirst`.

use crate::{allocations, turns::Turn};
use onefold::prelude::*;
use std::{
    hint::black_box,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};
use tokio::sync::Notify;

/// Where the clock starts and stops: at the first message, and at the last.
struct Meter {
    first: OnceLock<(Instant, u64)>,
    left: AtomicU32,
    turn: OnceLock<Turn>,
    messages: u32,
    done: Notify,
}

async fn nothing(Value(payload): Value, State(meter): State<Arc<Meter>>) {
    let first = meter.first.get_or_init(|| (Instant::now(), allocations::count()));
    black_box(payload);
    if meter.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        let _ = meter.turn.set(Turn::since(*first, meter.messages));
        meter.done.notify_one();
    }
}

pub fn run(address: &str, topic: &str, messages: u32) -> anyhow::Result<Turn> {
    let meter = Arc::new(Meter {
        first: OnceLock::new(),
        left: AtomicU32::new(messages),
        turn: OnceLock::new(),
        messages,
        done: Notify::new(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let kafka = Kafka::bootstrap(address)?;
        let pipeline = Pipeline::from(topic)
            .group(&format!("with-onefold-{}", std::process::id()))
            .with_state(meter.clone())
            .handle(nothing);
        let done = meter.clone();
        onefold::run(&kafka, [pipeline]).until(async move { done.done.notified().await }).await?;
        anyhow::Ok(())
    })?;
    meter.turn.get().copied().ok_or_else(|| anyhow::anyhow!("stopped before all messages were handled"))
}
