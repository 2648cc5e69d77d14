//! The loop that one writes by hand for at-least-once: poll, work, remember the position, commit it now and then.

use crate::{allocations, turns::Turn};
use rdkafka::{
    ClientConfig, Message,
    consumer::{BaseConsumer, CommitMode, Consumer},
};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// As often as Onefold commits.
const COMMIT_EVERY: Duration = Duration::from_millis(250);

pub fn run(address: &str, topic: &str, messages: u32) -> anyhow::Result<Turn> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", address)
        .set("group.id", format!("by-hand-{}", std::process::id()))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        // As Onefold sets them: with librdkafka's own, a fast reader stands still for up to a second at a time, and the
        // settings would be compared, not the loops.
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.queue.backoff.ms", "5")
        .create()?;
    consumer.subscribe(&[topic])?;
    let (mut turn, mut committed) = (None, Instant::now());
    for number in 0..messages {
        let message = loop {
            match consumer.poll(Duration::from_secs(1)) {
                Some(message) => break message?,
                None => continue,
            }
        };
        // The clock starts at the first message: joining the group is not what is compared.
        let turn = turn.get_or_insert_with(|| (Instant::now(), allocations::count()));
        black_box(message.payload());
        consumer.store_offset_from_message(&message)?;
        if committed.elapsed() > COMMIT_EVERY {
            consumer.commit_consumer_state(CommitMode::Async)?;
            committed = Instant::now();
        }
        if number + 1 == messages {
            consumer.commit_consumer_state(CommitMode::Sync)?;
            return Ok(Turn::since(*turn, messages));
        }
    }
    anyhow::bail!("no messages asked for")
}
