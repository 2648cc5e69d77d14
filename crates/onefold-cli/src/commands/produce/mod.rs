mod ending;
mod lines;
mod patience;

use super::stop::{self, Signal};
use crate::console::{count, say};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::find::Where;
use crate::kafka::{PATIENCE, names, offsets};
use clap::Args;
use ending::Ending;
use lines::Lines;
use onefold::load::Delivery;
use onefold::placeholders::Path;
use patience::Patience;
use rdkafka::ClientConfig;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

/// Put lines of standard input into a topic, one record a line
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold produce payments --key data.user_id < more.ndjson\n\nEvery record is acknowledged by all replicas in sync (acks=all) and there once (idempotent producing).\nA topic that is not there is made where the broker makes topics when asked, as the embedded one does.\nA line without the key, or that is not JSON, goes in without a key. Empty lines are left out.\nCtrl-C and SIGTERM end it when what was read is acknowledged, or after 10 s, and it says how much is not (exit 130, 143); once more ends it at once, and nothing is said. A line that is refused ends it, too (exit 1): Ctrl-C ends the wait for those before it."
)]
pub struct Options {
    #[arg(value_parser = names::topic)]
    topic: String,
    /// Where the key stands in a line's JSON, such as data.user_id
    #[arg(long, value_name = "PATH", value_parser = path)]
    key: Option<Path>,
    #[command(flatten)]
    place: Where,
    /// Print the result as JSON, also when it ends early
    #[arg(long)]
    json: bool,
}

fn path(text: &str) -> Result<Path, String> {
    Path::parse(text).map_err(|why| format!("the path {why}"))
}

/// How often it is looked whether acknowledgements come.
const LOOK: Duration = Duration::from_secs(1);

pub async fn run(options: Options) -> Done {
    let mut asked = pin!(stop::asked());
    // Nothing is read yet, so nothing is to be finished.
    let delivery = tokio::select! {
        opened = open(&options) => opened?,
        signal = &mut asked => signal.end(),
    };
    let lines = Arc::new(Lines::new(delivery, options.key.clone()));
    let mut ending = until_it_ends(&lines, asked.as_mut()).await?;
    ending.settle(&lines, asked).await?;
    ending.tell(&options, &lines)
}

async fn until_it_ends(lines: &Arc<Lines>, mut asked: Pin<&mut impl Future<Output = Signal>>) -> Done<Ending> {
    let mut read = lines.clone().read_all().or_failed("the system gives no thread")?;
    let (mut patience, mut look) = (Patience::default(), tokio::time::interval(LOOK));
    loop {
        tokio::select! {
            // Whoever reads tells how it ended, whatever that was.
            ended = &mut read => return Ok(Ending::by_itself(ended.unwrap_or_else(|_| Err("producing broke off".into())))),
            signal = &mut asked => return Ok(Ending::by(signal)),
            _ = look.tick() => match lines.check() {
                Ok(()) => patience.look(lines.acknowledged(), lines.outstanding()),
                refused => return Ok(Ending::by_itself(refused)),
            }
        }
    }
}

async fn open(options: &Options) -> Done<Delivery> {
    let client = options.place.client().await?;
    let (topic, place) = (options.topic.clone(), options.place.clone());
    let opened = tokio::task::spawn_blocking(move || {
        exists(&client, &place, &topic)?;
        Delivery::new(&client, &topic, false).or_failed("cannot set up a producer")
    });
    opened.await.or_failed("producing broke off")?
}

/// `1 line is`, `2 lines are`.
fn lines_are(number: u64) -> String {
    format!("{} {}", count(number, "line"), if number == 1 { "is" } else { "are" })
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
            let partitions = count(made as u64, "partition");
            say(&format!("there was no topic {topic}: the broker made it, with {partitions}"));
            return Ok(());
        }
        if began.elapsed() > PATIENCE / 5 {
            return Err(Failure::failed(place.create_topic(topic, None)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
