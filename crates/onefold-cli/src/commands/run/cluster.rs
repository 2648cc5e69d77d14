use crate::exit::{Done, Failure};
use crate::kafka::embedded::Embedded;
use crate::kafka::topics::{Wanted, create};
use crate::kafka::{PATIENCE, find, offsets, reach, retention};
use onefold::Kafka;
use onefold::settings::{File, KafkaSettings};
use onefold_broker::log::OpenError;
use onefold_broker::{Broker, BrokerError, BrokerSettings, Presence};
use onefold_core::guarantee::Kept;
use rdkafka::ClientConfig;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The file's cluster, there to be used: the broker of this process, or one elsewhere that was reached.
pub struct RunningCluster {
    broker: Option<Broker>,
    /// The embedded broker's folder.
    data: Option<PathBuf>,
    address: String,
    client: ClientConfig,
    more: Vec<(String, String)>,
}

impl RunningCluster {
    /// As [`RunningCluster::start`]; but an embedded broker that runs already, in another process, is used as it is.
    pub async fn join(file: &File) -> Done<RunningCluster> {
        let KafkaSettings::Embedded { data, .. } = &file.kafka else { return RunningCluster::start(file).await };
        let Some(running) = Embedded::running(data).await? else { return RunningCluster::start(file).await };
        let (data, address) = (Some(data.clone()), running.address.clone());
        let client = find::client(&file.cluster(), &address)?;
        let hint = format!("the embedded broker of {}", file.path.display());
        let answers = reach::reach(&client, &address, &hint, "say where it is: --bootstrap HOST:PORT").await?;
        running.refuse_another(&answers)?;
        Ok(RunningCluster { broker: None, data, address, client, more: vec![] })
    }

    pub async fn start(file: &File) -> Done<RunningCluster> {
        wait(file, Duration::ZERO, |_| ()).await?;
        RunningCluster::of(file).await
    }

    /// Of a file whose cluster was reached, where that is not the broker inside.
    pub async fn of(file: &File) -> Done<RunningCluster> {
        let (broker, data, address) = match &file.kafka {
            KafkaSettings::Embedded { data, listen } => {
                let settings = BrokerSettings::new(data).listen(&listen.value);
                let broker = start_broker(settings).await.map_err(|why| refused(&why, file))?;
                let address = broker.address().to_string();
                (Some(broker), Some(data.clone()), address)
            }
            KafkaSettings::Bootstrap { servers, .. } => (None, None, servers.clone()),
        };
        let client = find::client(&file.cluster(), &address)?;
        let properties = file.kafka.client_properties(&file.cluster().folder).map_err(Failure::failed)?;
        let more = properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(RunningCluster { broker, data, address, client, more })
    }

    pub fn client(&self) -> &ClientConfig {
        &self.client
    }

    /// Whether the cluster may outlive this process, and did outlive the one before it.
    pub fn outlives(&self) -> bool {
        self.broker.is_none()
    }

    pub fn kafka(&self) -> Done<Kafka> {
        Kafka::with(self.settings()).map_err(Failure::failed)
    }

    /// How clients of the cluster are made.
    pub fn settings(&self) -> onefold::log::kafka::KafkaSettings {
        let (bootstrap, more, alone) = (self.address.clone(), self.more.clone(), self.broker.is_some());
        onefold::log::kafka::KafkaSettings { bootstrap, more, alone }
    }

    /// Those that are missing. A cluster elsewhere is asked first which it has: to make one takes a controller, and a right.
    pub async fn make_topics(&self, file: &File) -> Done {
        let there = if self.outlives() { offsets::there(&self.client).await } else { BTreeMap::new() };
        for topic in file.topics.iter().filter(|topic| !there.contains_key(&topic.name.value)) {
            let wanted = Wanted {
                name: topic.name.value.clone(),
                partitions: topic.partitions,
                replication: topic.replication,
                config: topic.config.clone(),
            };
            create(&self.client, &wanted).await?;
        }
        Ok(())
    }

    /// How long the topic keeps its records, if the cluster tells.
    pub async fn retention(&self, topic: &str) -> Option<Kept> {
        retention::retention(&self.client, topic).await
    }

    /// Resolves when the embedded broker can serve no more.
    pub async fn stopped(&self) -> String {
        match &self.broker {
            Some(broker) => broker.stopped().await,
            None => std::future::pending().await,
        }
    }

    /// Resolves when the embedded broker takes no records because its disk is full, with what to do.
    pub async fn out_of_space(&self) -> String {
        let (Some(broker), Some(data)) = (&self.broker, &self.data) else { return std::future::pending().await };
        broker.out_of_space().await;
        format!(
            "the disk under {} is full: the embedded broker takes no more records\n  \
             to fix         free some space (200 MB are enough to begin with) and run it again: it goes on where it was\n  \
             or             move the folder to a larger disk, and set kafka.embedded.data to it",
            data.display(),
        )
    }

    pub async fn shutdown(self) {
        if let Some(broker) = self.broker {
            broker.shutdown().await;
        }
    }
}

/// Until a cluster elsewhere is there, at most as long as `patience`; `away` hears once why it is waited for.
pub async fn wait(file: &File, patience: Duration, away: impl FnOnce(&str)) -> Done {
    let KafkaSettings::Bootstrap { servers, .. } = &file.kafka else { return Ok(()) };
    let (client, path) = (find::client(&file.cluster(), servers)?, file.path.display());
    let (hint, remedy) = (format!("said by {path}"), format!("correct `bootstrap` below [kafka] in {path}"));
    reach::reach_in_time(&client, servers, (&hint, &remedy), patience, away).await.map(drop)
}

/// Another folder is no way out of a taken one here: the file's positions and loads belong to the broker of this one.
fn refused(why: &BrokerError, file: &File) -> Failure {
    let BrokerError::Folder(OpenError::Locked(data)) = why else { return Failure::failed(why) };
    let path = file.path.display();
    let group = file.pipelines.first().map_or("GROUP", |first| first.group.value.as_str());
    Failure::failed(format!(
        "the data folder {} is in use by another broker: {path} runs already, or `onefold broker` serves its folder\n  \
         to fix         stop that one, and run this again: it goes on where that one was\n  \
         or             leave it to that one, and look at it: onefold groups describe {group} --file {path}",
        data.display(),
    ))
}

/// How long a killed predecessor may take to let go of the folder and the port: it holds them until it is all gone.
const LAST_BREATH: Duration = Duration::from_secs(2);

async fn start_broker(settings: BrokerSettings) -> Result<Broker, BrokerError> {
    let (began, mut patience) = (Instant::now(), Patience::default());
    loop {
        let started = Broker::start(settings.clone()).await;
        if !started.as_ref().is_err_and(|why| why.to_string().contains("in use by another")) {
            return started;
        }
        patience.hear(onefold_broker::presence(&settings.data).ok());
        if began.elapsed() >= patience.longest() {
            return started;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How long a start waits for whoever has the folder.
#[derive(Default)]
struct Patience {
    /// One that has said that it stops has a checkpoint to write before it lets go, also when it says no more.
    stops: bool,
}

impl Patience {
    fn hear(&mut self, presence: Option<Presence>) {
        self.stops |= presence == Some(Presence::Stops);
    }

    fn longest(&self) -> Duration {
        if self.stops { PATIENCE } else { LAST_BREATH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_said_that_it_stops_is_waited_for_also_when_it_says_no_more() {
        let mut patience = Patience::default();
        for says_nothing_of_it in [None, Some(Presence::Nobody), Some(Presence::Starts)] {
            patience.hear(says_nothing_of_it);
            assert_eq!(patience.longest(), LAST_BREATH);
        }
        patience.hear(Some(Presence::Stops));
        for says_nothing_of_it in [Some(Presence::Stops), None, Some(Presence::Nobody)] {
            patience.hear(says_nothing_of_it);
            assert_eq!(patience.longest(), PATIENCE);
        }
        assert!(PATIENCE > LAST_BREATH);
    }
}
