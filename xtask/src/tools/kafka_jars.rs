//! Apache Kafka as its jars, by way of a small pom.

use super::maven;
use crate::{shell, tree};
use std::{fs, path::PathBuf, process::Command};

const POM: &str = include_str!("kafka-pom.xml");

/// The folder with all jars.
pub fn folder() -> anyhow::Result<PathBuf> {
    let folder = tree::services().join("kafka");
    let (lib, stamp) = (folder.join("lib"), folder.join("done.xml"));
    if fs::read_to_string(&stamp).is_ok_and(|done| done == POM) {
        return Ok(lib);
    }
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("pom.xml"), POM)?;
    shell::run(
        Command::new(maven()?)
            .args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"])
            .current_dir(&folder),
    )?;
    fs::write(stamp, POM)?;
    Ok(lib)
}
