//! What can be typed. The help is an interface: it is tested as text.

use crate::commands::{broker, check, consume, dead_letters, explain, groups, produce, run, topics};
use clap::{Parser, Subcommand};

const TEMPLATE: &str = "\
{about}

{usage-heading} {usage}

Run pipelines of a file:
  run      Run them until stopped, or until all there is is done (--drain)
  check    Say all that is wrong with the file, and how to fix it
  explain  Say what each pipeline guarantees, and why

A Kafka-compatible broker on this machine:
  broker   Run it
  topics   List, create, describe and delete topics
  produce  Put lines of standard input into a topic
  consume  Print the records of a topic
  groups   List and describe consumer groups, with their lag

Look after them:
  dead-letters  List what pipelines gave up, and put it back

Options:
{options}

Every command explains itself with an example: onefold run --help
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused (a guarantee does not hold), 4 not drained in time
";

/// Onefold makes each event take effect once.
#[derive(Parser, Debug)]
#[command(name = "onefold", version, help_template = TEMPLATE, disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    Run(run::Options),
    Check(check::Options),
    Explain(explain::Options),
    Broker(broker::Options),
    Topics(topics::Options),
    Produce(produce::Options),
    Consume(consume::Options),
    Groups(groups::Options),
    DeadLetters(dead_letters::Options),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_is_listed_by_what_it_is_for() {
        for command in Cli::command().get_subcommands() {
            assert!(TEMPLATE.contains(&format!("\n  {} ", command.get_name())), "{} is not listed", command.get_name());
        }
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no example", command.get_name());
        }
    }
}
