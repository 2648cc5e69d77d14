//! `cargo xtask check`: what a reader, a packager and a dependency auditor would complain about.

use crate::{shell, tree};
use std::process::Command;

/// Each must build without the others. `tls` builds OpenSSL from source, so it comes last and only when asked for.
const FEATURES: [&str; 7] = ["sqlite", "http", "search", "exec", "embedded", "mocks", "testing"];

#[derive(clap::Args)]
pub struct Options {
    /// Also build the feature `tls`, which compiles OpenSSL
    #[arg(long)]
    tls: bool,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    features(options)?;
    shell::run(
        cargo_command(&["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"),
    )?;
    licences()?;
    println!("check: all is well");
    Ok(())
}

fn features(options: &Options) -> anyhow::Result<()> {
    cargo(&["check", "--quiet", "--package", "onefold", "--no-default-features"])?;
    for feature in FEATURES.iter().chain(options.tls.then_some(&"tls")) {
        cargo(&["check", "--quiet", "--package", "onefold", "--no-default-features", "--features", feature])?;
    }
    Ok(())
}

/// Licences, sources and banned crates; advisories change by the day, so they are no part of a build.
fn licences() -> anyhow::Result<()> {
    if shell::output(cargo_command(&["deny", "--version"]).env("CARGO_TERM_QUIET", "true")).is_err() {
        println!("not run: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    cargo(&["deny", "--workspace", "check", "licenses", "bans", "sources"])
}

fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    shell::run(&mut cargo_command(arguments))
}

fn cargo_command(arguments: &[&str]) -> Command {
    let mut command = shell::cargo();
    command.args(arguments).current_dir(tree::root());
    command
}
