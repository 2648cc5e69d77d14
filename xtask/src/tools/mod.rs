//! The strangers that tests meet: kcat, Python's Kafka clients, Apache Kafka. Each comes from its own registry at a
//! pinned version, into the target folder; only what Debian packages is installed into the system, and only by root.

mod apt;
pub mod cargo_deny;
pub mod kafka_jars;
pub mod python;

use crate::shell;
use std::path::PathBuf;

/// kcat from Debian.
pub fn kcat() -> anyhow::Result<PathBuf> {
    apt::program("kcat", "kcat")
}

/// A Java runtime of 17 or later.
pub fn java() -> anyhow::Result<PathBuf> {
    apt::program("java", "default-jre-headless")
}

/// Java's tool for keys and certificates, which comes with the runtime.
pub fn keytool() -> anyhow::Result<PathBuf> {
    java()?;
    apt::program("keytool", "default-jre-headless")
}

/// OpenSSL's command, which writes keys as the PEM files that `[kafka.tls]` takes.
pub fn openssl() -> anyhow::Result<PathBuf> {
    apt::program("openssl", "openssl")
}

fn maven() -> anyhow::Result<PathBuf> {
    apt::program("mvn", "maven")
}

fn python3() -> anyhow::Result<PathBuf> {
    // Debian's python3 has no `venv` until its package is there.
    let works = shell::find("python3")
        .filter(|_| shell::output(std::process::Command::new("python3").args(["-c", "import ensurepip"])).is_ok());
    works.map_or_else(|| apt::install("python3-venv").and_then(|()| apt::program("python3", "python3-venv")), Ok)
}
