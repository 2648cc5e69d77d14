//! The one Kafka that outlives the command that started it: a small file says where it is.

use super::{Durability, Kafka};
use crate::tree;
use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{fs, path::PathBuf, thread, time::Duration};

pub fn up(durability: Durability) -> anyhow::Result<()> {
    if let Some(at) = Standing::read().filter(Standing::runs) {
        println!("runs already: {}", at.address);
        return Ok(());
    }
    let (address, pid, folder) = Kafka::start(durability)?.detach();
    fs::write(note(), format!("{address}\n{pid}\n{}\n", folder.display()))?;
    println!("{address}");
    Ok(())
}

pub fn down() -> anyhow::Result<()> {
    let Some(at) = Standing::read() else {
        println!("nothing runs");
        return Ok(());
    };
    if at.runs() {
        kill_process(at.pid, Signal::KILL).context("cannot stop Kafka")?;
    }
    while at.runs() {
        thread::sleep(Duration::from_millis(50));
    }
    drop(fs::remove_dir_all(&at.folder));
    fs::remove_file(note())?;
    println!("stopped");
    Ok(())
}

pub fn status() -> anyhow::Result<()> {
    match Standing::read().filter(Standing::runs) {
        Some(at) => println!("Apache Kafka runs: {}", at.address),
        None => println!("nothing runs"),
    }
    Ok(())
}

struct Standing {
    address: String,
    pid: Pid,
    folder: PathBuf,
}

impl Standing {
    fn read() -> Option<Standing> {
        let text = fs::read_to_string(note()).ok()?;
        let mut lines = text.lines();
        Some(Standing {
            address: lines.next()?.to_owned(),
            pid: Pid::from_raw(lines.next()?.parse().ok()?)?,
            folder: lines.next()?.into(),
        })
    }

    /// The id alone could by now be another program's.
    fn runs(&self) -> bool {
        let command = fs::read_to_string(format!("/proc/{}/cmdline", self.pid.as_raw_nonzero())).unwrap_or_default();
        test_kill_process(self.pid).is_ok() && command.contains("kafka.Kafka")
    }
}

fn note() -> PathBuf {
    tree::services().join("kafka.running")
}
