//! Unmodified clients against the broker of the onefold binary: what they produce they must consume, in groups that
//! stop and resume. The scripts lie in xtask/clients and pass against Apache Kafka too.

use crate::{
    process::{Process, free_address},
    services::{Durability, Kafka},
    shell, tools, tree,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

#[derive(clap::Args)]
pub struct Options {
    /// Against Apache Kafka instead, to tell a client's ways from a broker's faults
    #[arg(long)]
    kafka: bool,
    /// The onefold binary; built if not given
    #[arg(long)]
    binary: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let tools = needs()?;
    if options.kafka {
        return all(&tools, Kafka::start(Durability::PageCache)?.address());
    }
    against_onefold(&tools, &tree::onefold_at(options.binary.as_deref())?)
}

/// What the scripts run on.
pub struct Tools {
    python: PathBuf,
}

pub fn needs() -> anyhow::Result<Tools> {
    tools::kcat()?;
    Ok(Tools { python: tools::python::interpreter()? })
}

pub fn against_onefold(tools: &Tools, binary: &Path) -> anyhow::Result<()> {
    let (home, address) = (tempfile::tempdir()?, free_address()?);
    let log = home.path().join("broker.log");
    let broker = Process::broker(binary, &home.path().join("data"), &address, &log)?;
    all(tools, &address).map_err(|error| error.context(broker.said()))
}

fn all(tools: &Tools, address: &str) -> anyhow::Result<()> {
    let scripts = tree::root().join("xtask/clients");
    shell::run(Command::new("sh").arg(scripts.join("kcat_reads_what_it_wrote.sh")).arg(address))?;
    for script in ["confluent_kafka_resumes.py", "kafka_python_resumes.py", "aiokafka_resumes.py"] {
        shell::run(Command::new(&tools.python).arg(scripts.join(script)).arg(address))?;
    }
    Ok(())
}
