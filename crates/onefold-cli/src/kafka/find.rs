//! Where the broker is: `--bootstrap`, else `--file` (default `./onefold.toml`), else `$ONEFOLD_BOOTSTRAP`, else
//! 127.0.0.1:9092. A file with an embedded broker means the address that the running one wrote into its data folder.

use super::reach;
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
    #[arg(long, value_name = "ADDRESS")]
    bootstrap: Option<String>,
    /// The file that says where Kafka is [default: ./onefold.toml, if it is there]
    #[arg(long, value_name = "FILE", conflicts_with = "bootstrap")]
    file: Option<PathBuf>,
}

impl Where {
    /// What to do about a topic that is not there: a command that reaches the same cluster.
    pub fn create_topic(&self, topic: &str) -> String {
        format!("there is no topic {topic}\n  to fix         onefold topics create {topic}{}", self.flag())
    }

    /// What there is in place of a topic that is not there.
    pub fn list_topics(&self) -> String {
        format!("\n  to see         onefold topics list{}", self.flag())
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
        let (config, servers, hint) = self.config()?;
        reach::reach(&config, &servers, &hint, "say where it is: --bootstrap HOST:PORT").await?;
        Ok(config)
    }

    fn config(&self) -> Done<(ClientConfig, String, String)> {
        if let Some(bootstrap) = &self.bootstrap {
            return Ok(plain(bootstrap, "--bootstrap"));
        }
        if let Some(file) = self.file() {
            let cluster = Cluster::load(&file).map_err(Failure::usage)?;
            return of_file(&file, &cluster);
        }
        match std::env::var("ONEFOLD_BOOTSTRAP") {
            Ok(address) if !address.is_empty() => Ok(plain(&address, "$ONEFOLD_BOOTSTRAP")),
            _ => Ok(plain(USUAL_ADDRESS, "the default")),
        }
    }
}

/// A word that a shell takes as it is.
fn pasteable(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn plain(servers: &str, said_by: &str) -> (ClientConfig, String, String) {
    (base(servers), servers.to_owned(), format!("said by {said_by}"))
}

fn of_file(file: &Path, cluster: &Cluster) -> Done<(ClientConfig, String, String)> {
    let path = file.display();
    match &cluster.kafka {
        KafkaSettings::Embedded { data, listen } => {
            let running = onefold_broker::running_at(data).map(|address| address.to_string());
            let address = running.unwrap_or_else(|| listen.value.clone());
            Ok((base(&address), address, format!("the embedded broker of {path}; `onefold run {path}` starts it")))
        }
        KafkaSettings::Bootstrap { servers, .. } => {
            let config = client(cluster, servers)?;
            Ok((config, servers.clone(), format!("said by {path}")))
        }
    }
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
