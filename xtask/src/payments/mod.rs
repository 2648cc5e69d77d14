//! The example's input, from a seed: the same bytes on every machine.
//!
//! `story` decides what happens (who pays, what is corrected, delivered twice or spoilt), `event` writes one line.
//! Chance comes from `dice` alone, so that no change of a dependency changes the committed file.

mod calendar;
mod dice;
mod event;
mod notes;
mod story;

use crate::tree;
use anyhow::{Context, bail};
use std::fs;

const SEED: u64 = 20_261_121;

#[derive(clap::Args)]
pub struct Options {
    /// Compare with the committed file instead of writing it
    #[arg(long)]
    check: bool,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let path = tree::example().join("payments.ndjson");
    let text = story::tell(SEED).join("\n") + "\n";
    if !options.check {
        fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{} lines, {} bytes: {}", text.lines().count(), text.len(), path.display());
        return Ok(());
    }
    let committed = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if committed != text.as_bytes() {
        bail!("{} is not what seed {SEED} gives; run: cargo xtask payments", path.display());
    }
    println!("payments.ndjson is what seed {SEED} gives");
    Ok(())
}
