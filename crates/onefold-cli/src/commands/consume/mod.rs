mod begin;
mod left;
mod waiting;

use crate::console::{Offered, is_unread, offer_until, record, say};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::find::Where;
use crate::kafka::offsets::{self, Ends};
use crate::kafka::{is_passing, names};
use clap::Args;
use left::Left;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use waiting::Waiting;

/// Print the records of a topic, one a line
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold consume payments --max 3\n  onefold consume payments --json --drain\n  onefold consume payments --partition 0 --from 1021 --max 1\n  onefold consume payments --group readers\n\nWithout --group nothing is committed and --from says where to begin: nothing before that offset is printed, of no partition, and one that is not there yet is waited for. With --group it goes on where the group stands, and commits what it printed."
)]
pub struct Options {
    #[arg(value_parser = names::topic)]
    topic: String,
    /// Where to begin: earliest, latest, or an offset [default: earliest]
    #[arg(long, value_name = "PLACE", allow_negative_numbers = true, value_parser = from)]
    from: Option<Offset>,
    /// Only this partition
    #[arg(long, value_name = "NUMBER", conflicts_with = "group", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// End after this many records
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    max: Option<u64>,
    /// End when everything there is at the start is printed
    #[arg(long)]
    drain: bool,
    /// Read as a member of this group
    #[arg(long, value_name = "GROUP", value_parser = names::group)]
    group: Option<String>,
    #[command(flatten)]
    place: Where,
    /// Key, headers and place too, one JSON object a line
    #[arg(long)]
    json: bool,
}

fn from(text: &str) -> Result<Offset, String> {
    match text {
        "earliest" => Ok(Offset::Beginning),
        "latest" => Ok(Offset::End),
        _ => match text.parse() {
            Ok(offset @ 0..) => Ok(Offset::Offset(offset)),
            _ => Err("expected earliest, latest, or an offset".to_owned()),
        },
    }
}

pub async fn run(options: Options) -> Done {
    let mut asked = Box::pin(super::stop::asked());
    // Nothing is read yet, so nothing is to be put in order.
    let client = tokio::select! {
        client = options.place.client() => client?,
        _ = &mut asked => return Ok(()),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    tokio::spawn(async move {
        asked.await;
        stopping.store(true, Ordering::Relaxed);
    });
    tokio::task::spawn_blocking(move || consume(&client, &options, &stop)).await.or_failed("consuming broke off")?
}

fn consume(client: &ClientConfig, options: &Options, stop: &AtomicBool) -> Done {
    let partitions = partitions(client, options)?;
    refuse_two_places(client, options)?;
    if let Some(Offset::Offset(offset)) = options.from {
        begin::say_where(offset, &partitions, options.drain);
    }
    let consumer = open(client, options, &partitions).or_failed("cannot consume")?;
    let mut left = Left::new(options, &partitions);
    let (mut committed, mut owned, mut is_away) = (Instant::now(), Instant::now(), false);
    let (mut looked, mut waiting) = (Instant::now(), Waiting::new());
    while !stop.load(Ordering::Relaxed) && !left.is_done() {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                is_away = false;
                // What comes where the offset is not there yet may stand before it.
                let is_early = matches!(options.from, Some(Offset::Offset(from)) if message.offset() < from);
                let offered = match options.json {
                    _ if is_early => Offered::Taken,
                    true => offer_until(record::json(&message).as_bytes(), stop)?,
                    false => offer_until(message.payload().unwrap_or_default(), stop)?,
                };
                if offered != Offered::Taken {
                    break;
                }
                left.took(message.partition(), message.offset(), !is_early);
                if options.group.is_some() {
                    consumer.store_offset_from_message(&message).or_failed("cannot keep the position")?;
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                is_away = false;
                left.reached_end(partition);
            }
            Some(Err(why)) => said_once(&why, options, &mut is_away)?,
            None if is_unread() => break,
            None if looked.elapsed() > QUIET => {
                looked = Instant::now();
                refuse_gone(&consumer, &options.topic)?;
            }
            None => {}
        }
        if let Some(group) = &options.group {
            waiting.look(&consumer, client, group, options);
        }
        if options.group.is_some() && committed.elapsed() > Duration::from_secs(1) {
            let _ = consumer.commit_consumer_state(CommitMode::Async);
            committed = Instant::now();
            left.leave_to_others(&consumer, options, &mut owned)?;
        }
    }
    leave(consumer, options.group.is_some() && left.printed > 0)
}

/// How long a broker may take to hear that a member leaves.
const LEAVE: Duration = Duration::from_secs(5);

/// Commits and closes; on a thread of its own, since both wait without end for a broker that is gone.
fn leave(consumer: BaseConsumer, commits: bool) -> Done {
    let (tell, told) = std::sync::mpsc::channel();
    let leaving = move || {
        if commits {
            // Nothing new since the last commit is no error.
            let _ = consumer.commit_consumer_state(CommitMode::Sync);
        }
        drop(consumer);
        let _ = tell.send(());
    };
    std::thread::Builder::new().name("leave".into()).spawn(leaving).or_failed("the system gives no thread")?;
    match told.recv_timeout(LEAVE) {
        Ok(()) => Ok(()),
        Err(_) if commits => Err(Failure::failed(format!(
            "no broker takes the position within {} s: what was printed since the last commit will be printed again",
            LEAVE.as_secs()
        ))),
        // Nothing is lost that the group would miss.
        Err(_) => Ok(()),
    }
}

/// Those to read, each with its ends.
fn partitions(client: &ClientConfig, options: &Options) -> Done<Vec<Ends>> {
    let topic = &options.topic;
    let mut all = offsets::partitions(client, topic).or_failed("cannot ask for the topic")?;
    if all.is_empty() {
        let known = offsets::topics(client).or_failed("cannot list topics")?;
        let near = onefold::settings::nearest(topic, known.keys().map(String::as_str));
        return Err(Failure::failed(options.place.create_topic(topic, near)));
    }
    let Some(partition) = options.partition else { return Ok(all) };
    let last = all.len() - 1;
    all.retain(|ends| ends.partition == partition);
    match all.is_empty() {
        true => Err(Failure::failed(format!("{topic} has no partition {partition}: it has 0 to {last}"))),
        false => Ok(all),
    }
}

/// A group goes on where it stands; --from can say only where one begins that stands nowhere yet.
fn refuse_two_places(client: &ClientConfig, options: &Options) -> Done {
    let (Some(from), Some(group)) = (options.from, &options.group) else { return Ok(()) };
    if let Offset::Offset(offset) = from {
        return Err(Failure::usage(format!(
            "--from {offset} does not go with --group: a group begins at earliest or latest, or goes on where it stands"
        )));
    }
    let positions =
        offsets::positions(client, group, &BTreeSet::new()).or_failed("cannot ask for the group's positions")?;
    match positions.iter().find_map(|at| Some((at, at.committed.filter(|_| at.topic == options.topic)?))) {
        None => Ok(()),
        Some((at, committed)) => Err(Failure::usage(format!(
            "the group {group} stands at {} in partition {} of {}, so --from has no effect\n  \
             to fix         leave --from out, and it goes on there\n  \
             or             leave --group out, or name another group",
            committed, at.partition, at.topic,
        ))),
    }
}

fn open(client: &ClientConfig, options: &Options, partitions: &[Ends]) -> Result<BaseConsumer, KafkaError> {
    let begin = options.from.unwrap_or(Offset::Beginning);
    let mut config = client.clone();
    config
        .set("group.id", options.group.as_deref().unwrap_or("onefold-consume"))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", if begin == Offset::End { "latest" } else { "earliest" });
    let consumer: BaseConsumer = config.create()?;
    if options.group.is_some() {
        consumer.subscribe(&[&options.topic])?;
        return Ok(consumer);
    }
    let mut assignment = TopicPartitionList::new();
    for ends in partitions {
        let at = match begin {
            Offset::End => Offset::Offset(ends.end),
            Offset::Offset(offset) => Offset::Offset(begin::within(offset, ends)),
            begin => begin,
        };
        assignment.add_partition_offset(&options.topic, ends.partition, at)?;
    }
    consumer.assign(&assignment)?;
    Ok(consumer)
}

/// How often a topic in which nothing comes is looked for.
const QUIET: Duration = Duration::from_secs(5);

/// Of a topic that was deleted the client would wait for more, and say nothing.
fn refuse_gone(consumer: &BaseConsumer, topic: &str) -> Done {
    // A broker that does not answer is another matter, and told elsewhere.
    let Ok(metadata) = consumer.fetch_metadata(Some(topic), Duration::from_secs(1)) else { return Ok(()) };
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    match found.and_then(|found| found.error()).map(RDKafkaErrorCode::from) {
        Some(RDKafkaErrorCode::UnknownTopicOrPartition) => Err(gone(topic)),
        _ => Ok(()),
    }
}

fn gone(topic: &str) -> Failure {
    Failure::failed(format!("the topic {topic} is there no more: it was deleted"))
}

/// Errors that a client recovers from by itself are said, once an outage, and waited out; the others end the command.
fn said_once(why: &KafkaError, options: &Options, is_away: &mut bool) -> Done {
    if why.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownTopicOrPartition) {
        return Err(gone(&options.topic));
    }
    if !is_passing(why) {
        return Err(Failure::failed(format!("cannot consume {}: {why}", options.topic)));
    }
    if !std::mem::replace(is_away, true) {
        say(&format!("waiting for the broker: {why}"));
    }
    Ok(())
}
