//! `cargo xtask check`: what a reader, a packager and a dependency auditor would complain about.
//!
//! It shares the profile of the tests, so that after them nothing that C compiles is compiled again, but librdkafka
//! without TLS for the features that are built alone.

use crate::{shell, tools, tree};
use std::{process::Command, time::Instant};

/// Each must build without the others.
const FEATURES: [&str; 8] = ["sqlite", "http", "search", "exec", "embedded", "mocks", "testing", "tls"];

#[derive(clap::Args)]
pub struct Options {}

pub fn run(_: &Options) -> anyhow::Result<()> {
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("lints", || cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    step("each feature alone", features)?;
    step("documentation", documentation)?;
    step("licences, sources, bans", licences)?;
    println!("check: all is well");
    Ok(())
}

fn step(name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("\n--- {name}");
    let began = Instant::now();
    step()?;
    println!("--- {name}: {:.0} s", began.elapsed().as_secs_f32());
    Ok(())
}

/// Without a warning: what one feature alone needs must not lie dead without it. By clippy, since it refuses warnings of
/// our own crates and leaves those that they stand on as they were compiled.
fn features() -> anyhow::Result<()> {
    for feature in [""].into_iter().chain(FEATURES) {
        let alone = ["--package", "onefold", "--no-default-features", "--features", feature];
        cargo(&[&["clippy", "--quiet"][..], &alone, &["--", "-D", "warnings"]].concat())?;
    }
    Ok(())
}

fn documentation() -> anyhow::Result<()> {
    shell::run(
        cargo_command(&["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"),
    )
}

/// Advisories change by the day, so they are no part of a build.
fn licences() -> anyhow::Result<()> {
    let deny = match tools::cargo_deny::program() {
        Ok(deny) => deny,
        Err(why) => {
            println!("NOT RUN: {why:#}");
            return Ok(());
        }
    };
    let arguments = ["--workspace", "check", "licenses", "bans", "sources"];
    shell::run(Command::new(deny).args(arguments).current_dir(tree::root()))
}

fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    shell::run(&mut cargo_command(arguments))
}

fn cargo_command(arguments: &[&str]) -> Command {
    let mut command = shell::cargo();
    command.args(arguments).current_dir(tree::root());
    command
}
