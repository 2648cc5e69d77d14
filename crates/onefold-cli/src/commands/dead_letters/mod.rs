//! `onefold dead-letters`: what a pipeline gave up, and putting it back once the cause is mended.
//!
//! A letter stays in its topic when it is put back. Which ones were is kept beside it, in a topic of its own ([`marks`]),
//! so that a second call takes only what came since.

mod choice;
mod deaths;
mod end;
mod letters;
mod list;
mod marks;
mod origins;
mod pace;
mod place;
mod redrive;
mod strangers;

use crate::exit::Done;
use clap::{Args, Subcommand};

/// List dead letters, and put them back
#[derive(Args, Debug)]
#[command(
    visible_alias = "dlq",
    after_help = "Example:\n  onefold dead-letters list receipts\n  onefold dead-letters redrive receipts --class rejected --dry-run\n  onefold dead-letters redrive receipts --class rejected"
)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    List(list::Options),
    Redrive(redrive::Options),
}

pub async fn run(options: Options) -> Done {
    match options.action {
        Action::List(options) => list::run(options).await,
        Action::Redrive(options) => redrive::run(options).await,
    }
}
