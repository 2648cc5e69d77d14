//! The same onefold.toml on Apache Kafka: the same end state in a fresh folder; refused (exit 3) in a folder whose
//! positions belong to the embedded broker's cluster. And the log keeps the promises there that it keeps on the embedded
//! broker: the tests of the log that need Apache Kafka.

use crate::{
    kill::copy_example,
    process::Process,
    services::{Durability, Kafka},
    shell, tree, verify,
};
use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Far more than a drain takes.
const RUN_MAX: Duration = Duration::from_secs(300);
/// Refused: the guarantee does not hold.
const REFUSED: i32 = 3;

#[derive(clap::Args)]
pub struct Options {
    /// The onefold binary; built if not given
    #[arg(long)]
    binary: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let binary = tree::onefold_at(options.binary.as_deref())?;
    let kafka = Kafka::start(Durability::PageCache)?;
    log_suite(&kafka)?;
    campaign(&kafka, &binary)
}

/// With the features of the whole workspace, as cargo test has just built it.
pub fn log_suite(kafka: &Kafka) -> anyhow::Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--test", "log_suite", "--", "--ignored", "apache::"]);
    shell::run(cargo.env("ONEFOLD_TEST_KAFKA", kafka.address()).current_dir(tree::root()))
}

pub fn campaign(kafka: &Kafka, binary: &Path) -> anyhow::Result<()> {
    let old = tempfile::tempdir()?;
    copy_example(old.path())?;
    finish(binary, old.path(), 0)?;
    println!("embedded: {}", verify::compare(old.path(), binary)?);
    point_at(old.path(), kafka.address())?;
    finish(binary, old.path(), REFUSED)?;
    println!("the old folder on Apache Kafka: refused");

    let fresh = tempfile::tempdir()?;
    copy_example(fresh.path())?;
    point_at(fresh.path(), kafka.address())?;
    finish(binary, fresh.path(), 0)?;
    println!("a fresh folder on Apache Kafka: {}", verify::compare_at(fresh.path(), kafka.address())?);
    Ok(())
}

fn finish(binary: &Path, folder: &Path, expected: i32) -> anyhow::Result<()> {
    let mut process = Process::start(binary, &["run", "onefold.toml", "--drain"], folder, &folder.join("run.log"))?;
    match process.ended_within(RUN_MAX)? {
        Some(status) if status.code() == Some(expected) => Ok(()),
        Some(status) => bail!("expected exit {expected}, got {status}:\n{}", process.said()),
        None => bail!("run does not end:\n{}", process.said()),
    }
}

/// The one line that a user changes.
fn point_at(folder: &Path, address: &str) -> anyhow::Result<()> {
    let path = folder.join("onefold.toml");
    let settings = fs::read_to_string(&path)?;
    let line =
        settings.lines().find(|line| line.starts_with("embedded = ")).context("no embedded broker in onefold.toml")?;
    fs::write(&path, settings.replace(line, &format!("bootstrap = \"{address}\"")))?;
    Ok(())
}
