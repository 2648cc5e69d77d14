//! The `onefold` command.

mod cli;
mod commands;
mod console;
mod exit;
mod kafka;

use clap::Parser;
use std::process::ExitCode;
use std::time::Duration;

/// How long a question that is under way is waited for at the end.
const LAST: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => return exit::Failure::failed(format!("the system gives no threads: {why}")).report(),
    };
    // Before anything else: a signal that comes in the first milliseconds is one, too.
    runtime.block_on(async { commands::stop::listen_early(std::env::args_os().nth(1)) });
    let cli = cli::Cli::parse();
    console::logging();
    let ended = runtime.block_on(commands::run(cli.command));
    let code = ended.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS);
    // What still waits for an answer that nobody wants any more is not waited for.
    runtime.shutdown_timeout(LAST);
    code
}
