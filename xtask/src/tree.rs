//! Where things lie in the source tree and below its target folder.

use crate::shell;
use anyhow::Context;
use std::{
    env,
    path::{Path, PathBuf},
};

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The example that the README runs.
pub fn example() -> PathBuf {
    root().join("examples/payments")
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// What tests need and cargo does not build: a Python environment, the jars of Apache Kafka.
pub fn services() -> PathBuf {
    target().join("services")
}

/// The onefold binary that was asked for, else the built one; absolute, since campaigns run it in folders of their own.
pub fn onefold_at(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    match asked {
        Some(path) => path.canonicalize().with_context(|| format!("there is no {}", path.display())),
        None => onefold(),
    }
}

/// The onefold binary, built.
pub fn onefold() -> anyhow::Result<PathBuf> {
    shell::run(shell::cargo().args(["build", "--quiet", "--package", "onefold-cli"]).current_dir(root()))?;
    Ok(target().join("debug/onefold"))
}

/// The onefold binary as users have it, built.
pub fn onefold_release() -> anyhow::Result<PathBuf> {
    shell::run(shell::cargo().args(["build", "--quiet", "--release", "--package", "onefold-cli"]).current_dir(root()))?;
    Ok(target().join("release/onefold"))
}
