//! cargo-deny from the registry of crates, built once into the target folder; one that the search path has is used as it is.

use crate::{shell, tree};
use std::path::PathBuf;

/// Builds on the Rust that the workspace asks for.
const VERSION: &str = "0.20.2";

pub fn program() -> anyhow::Result<PathBuf> {
    let folder = tree::services().join(format!("cargo-deny-{VERSION}"));
    let installed = folder.join("bin/cargo-deny");
    if let Some(path) = Some(installed.clone()).filter(|path| path.is_file()).or_else(|| shell::find("cargo-deny")) {
        return Ok(path);
    }
    let package = format!("cargo-deny@{VERSION}");
    shell::run(
        shell::cargo()
            .args(["install", "--quiet", "--locked", &package, "--root"])
            .arg(&folder)
            .current_dir(tree::root())
            // Its own, or its build would be in the way of the workspace's.
            .env("CARGO_TARGET_DIR", folder.join("build")),
    )?;
    // What it was built from is of no more use, and large.
    drop(std::fs::remove_dir_all(folder.join("build")));
    Ok(installed)
}
