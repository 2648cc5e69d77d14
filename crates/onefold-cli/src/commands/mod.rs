//! One file a command: its options and what it does. What several share (finding a broker, talking to it, printing,
//! ending when asked to) is in `kafka`, `console` and `stop`.

pub mod broker;
pub mod check;
pub mod consume;
pub mod dead_letters;
pub mod explain;
pub mod groups;
pub mod produce;
pub mod run;
pub mod stop;
pub mod topics;

use crate::cli::Command;
use crate::exit::{Done, Failure};
use onefold::Ready;
use onefold::settings::{File, KafkaSettings, TooStrong};
use onefold_core::guarantee::Kept;

pub async fn run(command: Command) -> Done {
    match command {
        Command::Run(options) => run::run(options).await,
        Command::Check(options) => check::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Broker(options) => broker::run(options).await,
        Command::Topics(options) => topics::run(options).await,
        Command::Produce(options) => produce::run(options).await,
        Command::Consume(options) => consume::run(options).await,
        Command::Groups(options) => groups::run(options).await,
        Command::DeadLetters(options) => dead_letters::run(options).await,
    }
}

/// Exit code 3: what is declared is more than the parts give.
fn refuse_too_strong(file: &File) -> Done {
    file.check_guarantees().map_err(|why| match why {
        TooStrong::Refused(_) => Failure::refused(why),
        TooStrong::Build(_) => Failure::failed(why),
    })
}

/// What the embedded broker's topics keep records for where nothing else is said (`retention.ms`).
const EMBEDDED_KEEPS_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// How long a pipeline's topic keeps its records, as far as the file says it.
fn retention(file: &File, ready: &Ready) -> Option<Kept> {
    let topic = file.topics.iter().find(|topic| topic.name.value == ready.topic())?;
    let value = |key: &str| topic.config.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    if value("cleanup.policy").is_some_and(|policy| policy.contains("compact")) {
        return Some(Kept::ForEver);
    }
    match (value("retention.ms"), &file.kafka) {
        (Some(ms), _) => Some(ms.parse::<i64>().ok()?.try_into().map_or(Kept::ForEver, Kept::Millis)),
        (None, KafkaSettings::Embedded { .. }) => Some(Kept::Millis(EMBEDDED_KEEPS_MS)),
        (None, KafkaSettings::Bootstrap { .. }) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(kafka: &str, topic: &str) -> Option<Kept> {
        let text =
            format!("[kafka]\n{kafka}\n{topic}\n[pipelines.p]\nfrom = \"t\"\nto.http.url = \"http://127.0.0.1:1/\"\n");
        let file = File::parse("onefold.toml".as_ref(), text).expect("right");
        retention(&file, &file.outline().expect("fits")[0])
    }

    #[test]
    fn a_topic_of_the_embedded_broker_keeps_its_records_for_the_brokers_usual_time() {
        let (embedded, elsewhere) = ("embedded = { data = \"d\" }", "bootstrap = \"k:9092\"");
        let usual = onefold_broker_core::topic::TopicSettings::default().retention_ms;
        assert_eq!(usual, Some(EMBEDDED_KEEPS_MS as i64), "the broker's own");
        assert_eq!(kept(embedded, "[topics.t]\npartitions = 1"), Some(Kept::Millis(EMBEDDED_KEEPS_MS)));
        assert_eq!(kept(embedded, "[topics.t]\nretention = \"1h\""), Some(Kept::Millis(3_600_000)));
        assert_eq!(kept(embedded, "[topics.t]\nconfig = { \"cleanup.policy\" = \"compact\" }"), Some(Kept::ForEver));
        assert_eq!(kept(elsewhere, "[topics.t]\npartitions = 1"), None, "its cluster decides");
    }
}
