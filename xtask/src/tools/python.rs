//! A Python environment with the Kafka clients of PyPI, unmodified.

use super::python3;
use crate::{shell, tree};
use std::{fs, path::PathBuf, process::Command};

/// Pinned, so that a red build means that Onefold changed.
const PACKAGES: [&str; 3] = ["confluent-kafka==2.15.0", "kafka-python==3.0.12", "aiokafka==0.14.0"];

/// The environment's interpreter.
pub fn interpreter() -> anyhow::Result<PathBuf> {
    let folder = tree::services().join("python");
    let (python, stamp) = (folder.join("bin/python"), folder.join("packages"));
    if fs::read_to_string(&stamp).is_ok_and(|done| done == PACKAGES.join("\n")) {
        return Ok(python);
    }
    shell::run(Command::new(python3()?).args(["-m", "venv", "--clear"]).arg(&folder))?;
    shell::run(
        Command::new(&python).args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]).args(PACKAGES),
    )?;
    fs::write(stamp, PACKAGES.join("\n"))?;
    Ok(python)
}
