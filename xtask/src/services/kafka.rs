//! One Apache Kafka node (KRaft, broker and controller in one process), formatted afresh at each start.

use crate::{shell, tools};
use anyhow::{Context, bail};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const START_MAX: Duration = Duration::from_secs(90);
const QUIET: &str = r#"<Configuration><Appenders><Console name="out"/></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>"#;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Kafka's default: answers stand in the page cache.
    PageCache,
    /// `log.flush.interval.messages=1`: the same promise as Onefold's broker makes.
    Fsync,
}

pub struct Kafka {
    address: String,
    folder: PathBuf,
    child: Option<Child>,
    pub start_took: Duration,
}

impl Kafka {
    pub fn start(durability: Durability) -> anyhow::Result<Kafka> {
        let jars = format!("{}/*", tools::kafka_jars::folder()?.display());
        let java = tools::java()?;
        let folder = tempfile::Builder::new().prefix("onefold-kafka-").tempdir()?.keep();
        let began = Instant::now();
        let (client, controller) = free_ports()?;
        fs::write(folder.join("server.properties"), properties(&folder, client, controller, durability))?;
        fs::write(folder.join("log4j2.xml"), QUIET)?;
        let tool = |class: &str, arguments: &[&str]| {
            shell::output(Command::new(&java).args(["-cp", &jars, class]).args(arguments).current_dir(&folder))
        };
        let id = tool("kafka.tools.StorageTool", &["random-uuid"])?;
        tool("kafka.tools.StorageTool", &["format", "--standalone", "-t", id.trim(), "-c", "server.properties"])?;
        let log = fs::File::create(folder.join("kafka.log"))?;
        let child = Command::new(&java)
            .args(["-Xmx1g", "-Dlog4j2.configurationFile=log4j2.xml", "-cp", &jars, "kafka.Kafka", "server.properties"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start java")?;
        let mut kafka =
            Kafka { address: format!("127.0.0.1:{client}"), folder, child: Some(child), start_took: Duration::ZERO };
        kafka.wait_ready(began)?;
        Ok(kafka)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Lets it run on without an owner: address, process and folder.
    pub fn detach(mut self) -> (String, u32, PathBuf) {
        let pid = self.pid();
        self.child = None;
        (self.address.clone(), pid, self.folder.clone())
    }

    fn wait_ready(&mut self, began: Instant) -> anyhow::Result<()> {
        // The port opens only when the broker is registered and unfenced.
        while TcpStream::connect(&self.address).is_err() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || began.elapsed() > START_MAX {
                bail!("Apache Kafka did not start:\n{}", fs::read_to_string(self.folder.join("kafka.log"))?);
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.start_took = began.elapsed();
        Ok(())
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        drop(child.kill());
        drop(child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Both are held open until both are known, or they could be the same.
fn free_ports() -> anyhow::Result<(u16, u16)> {
    let (one, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok((one.local_addr()?.port(), other.local_addr()?.port()))
}

fn properties(folder: &Path, client: u16, controller: u16, durability: Durability) -> String {
    let flush = if durability == Durability::Fsync { "log.flush.interval.messages=1\n" } else { "" };
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={}/kraft
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
{flush}",
        folder.display()
    )
}
