//! Where the broker is: `--bootstrap`, else `--file` (default `./onefold.toml`), else `$ONEFOLD_BOOTSTRAP`, else
//! 127.0.0.1:9092. A file with an embedded broker means the one that runs on its data folder, wherever that listens.

use super::embedded::Embedded;
use super::{names, reach};
use crate::exit::{Done, Failure};
use clap::Args;
use onefold::settings::{Cluster, KafkaSettings};
use rdkafka::ClientConfig;
use std::path::{Path, PathBuf};

const USUAL_FILE: &str = "onefold.toml";
const USUAL_ADDRESS: &str = "127.0.0.1:9092";

/// The flags of every command that talks to a broker.
#[derive(Args, Debug, Clone)]
pub struct Where {
    /// Where Kafka is; several addresses with commas between them
    #[arg(long, value_name = "ADDRESS", value_parser = names::servers)]
    bootstrap: Option<String>,
    /// The file that says where Kafka is [default: ./onefold.toml, if it is there]
    #[arg(long, value_name = "FILE", conflicts_with = "bootstrap")]
    file: Option<PathBuf>,
}

impl Where {
    /// What to do about a topic that is not there: a command that reaches the same cluster.
    pub fn create_topic(&self, topic: &str, near: Option<&str>) -> String {
        let near = near.map_or_else(String::new, |near| format!("\n  nearest        {near}"));
        format!("there is no topic {topic}{near}\n  to fix         onefold topics create {topic}{}", self.flag())
    }

    /// What there is in place of a topic that is not there.
    pub fn list_topics(&self) -> String {
        format!("\n  to see         {}", self.topics_list())
    }

    pub fn topics_list(&self) -> String {
        format!("onefold topics list{}", self.flag())
    }

    /// The command that prints what is in a topic.
    pub fn consume(&self, topic: &str) -> String {
        format!("onefold consume {}{}", pasteable(topic), self.flag())
    }

    /// The command that tells who is in a group, and where it stands.
    pub fn describe_group(&self, group: &str) -> String {
        format!("onefold groups describe {}{}", pasteable(group), self.flag())
    }

    /// The command that lists the dead letters of a pipeline or topic, those too that were put back.
    pub fn list_letters(&self, name: &str) -> String {
        format!("onefold dead-letters list {}{} --all", pasteable(name), self.flag())
    }

    /// The address that was given, in place of a file.
    pub fn bootstrap(&self) -> Option<&str> {
        self.bootstrap.as_deref()
    }

    /// The file that was given, or the usual one where it is there.
    pub fn file(&self) -> Option<PathBuf> {
        let usual = Path::new(USUAL_FILE);
        self.file.clone().or(usual.is_file().then(|| usual.to_owned()))
    }

    /// What makes another command reach the same cluster.
    fn flag(&self) -> String {
        match (&self.bootstrap, &self.file) {
            (Some(address), _) => format!(" --bootstrap {}", pasteable(address)),
            (None, Some(file)) => format!(" --file {}", pasteable(&file.display().to_string())),
            (None, None) => String::new(),
        }
    }

    /// Settings for a client of a broker that was reached just now.
    pub async fn client(&self) -> Done<ClientConfig> {
        let Found { config, servers, hint, embedded } = self.find().await?;
        let answers = reach::reach(&config, &servers, &hint, "say where it is: --bootstrap HOST:PORT").await?;
        embedded.map_or(Ok(()), |embedded| embedded.refuse_another(&answers))?;
        Ok(config)
    }

    async fn find(&self) -> Done<Found> {
        if let Some(bootstrap) = &self.bootstrap {
            return Ok(plain(bootstrap, "--bootstrap"));
        }
        if let Some(file) = self.file() {
            let cluster = Cluster::load(&file).map_err(Failure::usage)?;
            return of_file(&file, &cluster).await;
        }
        match std::env::var("ONEFOLD_BOOTSTRAP") {
            Ok(address) if !address.is_empty() => {
                let address =
                    names::servers(&address).map_err(|why| Failure::usage(format!("$ONEFOLD_BOOTSTRAP: {why}")))?;
                Ok(plain(&address, "$ONEFOLD_BOOTSTRAP"))
            }
            _ => Ok(plain(USUAL_ADDRESS, "the default")),
        }
    }
}

/// A word that a shell takes as it is.
fn pasteable(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Where a broker should be.
struct Found {
    config: ClientConfig,
    servers: String,
    /// Who says so.
    hint: String,
    /// Where it must be this one.
    embedded: Option<Embedded>,
}

fn plain(servers: &str, said_by: &str) -> Found {
    Found { config: base(servers), servers: servers.to_owned(), hint: format!("said by {said_by}"), embedded: None }
}

async fn of_file(file: &Path, cluster: &Cluster) -> Done<Found> {
    let path = file.display();
    match &cluster.kafka {
        KafkaSettings::Embedded { data, listen } => {
            let running = Embedded::running(data).await?.ok_or_else(|| is_not_running(file, data, &listen.value))?;
            let (servers, hint) = (running.address.clone(), format!("the embedded broker of {path}"));
            Ok(Found { config: base(&servers), servers, hint, embedded: Some(running) })
        }
        KafkaSettings::Bootstrap { servers, .. } => {
            let (config, hint) = (client(cluster, servers)?, format!("said by {path}"));
            Ok(Found { config, servers: servers.clone(), hint, embedded: None })
        }
    }
}

fn is_not_running(file: &Path, data: &Path, listen: &str) -> Failure {
    let word = |path: &Path| pasteable(&path.display().to_string());
    let (path, file, data, listen) = (file.display(), word(file), word(data), pasteable(listen));
    Failure::failed(format!(
        "the embedded broker of {path} does not run\n  \
         to fix         start it: onefold run {file}\n  \
         or             onefold broker --data {data} --listen {listen}\n  \
         or             name another broker: --bootstrap HOST:PORT"
    ))
}

/// Settings for a client of the file's cluster at this address, with its secrets.
pub fn client(cluster: &Cluster, servers: &str) -> Done<ClientConfig> {
    let mut config = base(servers);
    let more = cluster.kafka.client_properties(&cluster.folder).map_err(Failure::failed)?;
    for (name, value) in more {
        config.set(name, value);
    }
    Ok(config)
}

fn base(servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("client.id", "onefold");
    config
}
