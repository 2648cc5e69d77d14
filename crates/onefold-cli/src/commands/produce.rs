use crate::console::{print, say};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::find::Where;
use crate::kafka::{PATIENCE, offsets};
use clap::Args;
use onefold::Record;
use onefold::load::{Delivery, NotSent, Outgoing};
use onefold::placeholders::{Fields, Path};
use rdkafka::ClientConfig;
use serde_json::json;
use std::io::BufRead;
use std::time::Duration;

/// Put lines of standard input into a topic, one record a line
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold produce payments --key data.user_id < more.ndjson\n\nEvery record is acknowledged by all replicas in sync (acks=all) and there once (idempotent producing).\nA topic that is not there is made where the broker makes topics when asked, as the embedded one does.\nA line without the key, or that is not JSON, goes in without a key. Empty lines are left out."
)]
pub struct Options {
    topic: String,
    /// Where the key stands in a line's JSON, such as data.user_id
    #[arg(long, value_name = "PATH", value_parser = path)]
    key: Option<Path>,
    #[command(flatten)]
    place: Where,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

fn path(text: &str) -> Result<Path, String> {
    Path::parse(text).map_err(|why| format!("the path {why}"))
}

pub async fn run(options: Options) -> Done {
    if let Some(why) = onefold::settings::bad_name(&options.topic) {
        return Err(Failure::usage(format!("{:?}: {why}", options.topic)));
    }
    let client = options.place.client().await?;
    let (topic, place, key, as_json) = (options.topic.clone(), options.place, options.key, options.json);
    let keyed = key.is_some();
    let sent = tokio::task::spawn_blocking(move || produce(&client, &place, &topic, key.as_ref()));
    let (produced, keyless) = sent.await.or_failed("producing broke off")??;
    if as_json {
        print(&json!({"topic": options.topic, "produced": produced, "without_key": keyless}).to_string());
    } else {
        let records = if produced == 1 { "record" } else { "records" };
        let without = if keyless > 0 && keyed { format!(", {keyless} of them without a key") } else { String::new() };
        say(&format!("{produced} {records} in {}{without}", options.topic));
    }
    Ok(())
}

fn produce(client: &ClientConfig, place: &Where, topic: &str, key: Option<&Path>) -> Done<(u64, u64)> {
    exists(client, place, topic)?;
    let delivery = Delivery::new(client, topic, false).or_failed("cannot set up a producer")?;
    let refused = |why: NotSent| Failure::failed(format!("{why}\n{} lines are acknowledged", delivery.acknowledged()));
    let (mut line, mut number, mut keyless) = (vec![], 0, 0);
    let mut input = std::io::stdin().lock();
    while input.read_until(b'\n', &mut line).or_failed("cannot read standard input")? > 0 {
        number += 1;
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if !text.is_empty() {
            let key = key.and_then(|path| key_of(path, text));
            keyless += u64::from(key.is_none());
            let outgoing = Outgoing { line: number, value: text, key: key.as_deref(), partition: None, header: None };
            delivery.send(outgoing, || false).map_err(refused)?;
        }
        line.clear();
    }
    while delivery.wait() {
        delivery.check().map_err(refused)?;
    }
    delivery.check().map_err(refused)?;
    Ok((delivery.acknowledged(), keyless))
}

/// Asked for beforehand: librdkafka would keep what it cannot send for minutes. Asking makes the topic where the
/// broker makes topics when asked, which is said: it may only be misspelt.
fn exists(client: &ClientConfig, place: &Where, topic: &str) -> Done {
    if !offsets::partitions(client, topic).or_failed("cannot ask for the topic")?.is_empty() {
        return Ok(());
    }
    let began = std::time::Instant::now();
    loop {
        let mut asking = client.clone();
        asking.set("allow.auto.create.topics", "true");
        let made = offsets::partitions(&asking, topic).or_failed("cannot ask for the topic")?.len();
        if made > 0 {
            let partitions = if made == 1 { "partition" } else { "partitions" };
            say(&format!("there was no topic {topic}: the broker made it, with {made} {partitions}"));
            return Ok(());
        }
        if began.elapsed() > PATIENCE / 5 {
            return Err(Failure::failed(place.create_topic(topic, None)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn key_of(path: &Path, text: &[u8]) -> Option<Vec<u8>> {
    let record = Record::new("", None, Some(text));
    let key = Fields::of(&record).text(path).ok()??;
    Some(key.into_owned().into_bytes())
}
