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
use onefold::settings::{File, TooStrong};
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

/// How long the file says a pipeline's topic keeps its records.
fn retention(file: &File, ready: &Ready) -> Option<Kept> {
    let topic = file.topics.iter().find(|topic| topic.name.value == ready.topic())?;
    let (_, ms) = topic.config.iter().find(|(name, _)| name == "retention.ms")?;
    match ms.parse::<i64>().ok()? {
        ms @ 0.. => Some(Kept::Millis(ms.unsigned_abs())),
        _ => Some(Kept::ForEver),
    }
}
