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
        Kafka::start_with(durability, |_| Ok(Further::default()))
    }

    /// With further lines in `server.properties` and arguments of its formatting, made in its folder.
    pub fn start_with(
        durability: Durability,
        further: impl FnOnce(&Path) -> anyhow::Result<Further>,
    ) -> anyhow::Result<Kafka> {
        let jars = format!("{}/*", tools::kafka_jars::folder()?.display());
        let java = tools::java()?;
        let folder = tempfile::Builder::new().prefix("onefold-kafka-").tempdir()?.keep();
        let began = Instant::now();
        let [client, controller] = free_ports()?;
        let further = further(&folder)?;
        fs::write(folder.join("server.properties"), properties(&folder, client, controller, durability, &further))?;
        fs::write(folder.join("log4j2.xml"), QUIET)?;
        let tool = |class: &str, arguments: &[&str]| {
            shell::output(Command::new(&java).args(["-cp", &jars, class]).args(arguments).current_dir(&folder))
        };
        let id = tool("kafka.tools.StorageTool", &["random-uuid"])?;
        let mut format = vec!["format", "--standalone", "-t", id.trim(), "-c", "server.properties"];
        format.extend(further.format.iter().map(String::as_str));
        tool("kafka.tools.StorageTool", &format)?;
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
        let ports: Vec<u16> = further.listeners.iter().map(|(_, port, _)| *port).chain([client]).collect();
        kafka.wait_ready(began, &ports)?;
        Ok(kafka)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn folder(&self) -> &Path {
        &self.folder
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

    fn wait_ready(&mut self, began: Instant, ports: &[u16]) -> anyhow::Result<()> {
        // The ports open one after another, and only when the broker is registered and unfenced.
        while ports.iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
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

/// What one use adds to the node that all uses share.
#[derive(Default)]
pub struct Further {
    /// Listeners beside the plain one: name, port, protocol.
    pub listeners: Vec<(&'static str, u16, &'static str)>,
    pub properties: String,
    pub format: Vec<String>,
}

/// All are held open until all are known, or two could be the same.
pub fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    let mut held = Vec::new();
    for _ in 0..COUNT {
        held.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

fn properties(folder: &Path, client: u16, controller: u16, durability: Durability, further: &Further) -> String {
    let flush = if durability == Durability::Fsync { "log.flush.interval.messages=1\n" } else { "" };
    let each = |of: &dyn Fn(&(&str, u16, &str)) -> String| further.listeners.iter().map(of).collect::<String>();
    let listeners = each(&|(name, port, _)| format!(",{name}://127.0.0.1:{port}"));
    let protocols = each(&|(name, _, protocol)| format!(",{name}:{protocol}"));
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}{listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}{listeners}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{protocols}
log.dirs={}/kraft
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
{flush}{}",
        folder.display(),
        further.properties
    )
}
