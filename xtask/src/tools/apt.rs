//! Debian's packages, for root only; anyone else is told what to install.

use crate::shell;
use anyhow::bail;
use std::{path::PathBuf, process::Command, sync::Once};

/// The program, installed first if it is missing.
pub fn program(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    if let Some(path) = shell::find(name) {
        return Ok(path);
    }
    install(package)?;
    shell::find(name).ok_or_else(|| anyhow::anyhow!("package {package} is installed, yet there is no {name}"))
}

pub fn install(package: &str) -> anyhow::Result<()> {
    static UPDATED: Once = Once::new();
    if !rustix::process::geteuid().is_root() || shell::find("apt-get").is_none() {
        bail!("missing: {package}. Install it as root: apt-get install {package}");
    }
    // An old index names versions that are gone; when it cannot be refreshed, the old one may still do.
    UPDATED.call_once(|| drop(shell::run(Command::new("apt-get").args(["update", "-qq"]))));
    shell::run(
        Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends", package])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
