//! Where the letters are: the dead-letter topic, and a cluster that serves it. A file's embedded broker that does not
//! run is started for as long as the command takes.

use crate::commands::run::cluster::RunningCluster;
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::find::Where;
use crate::kafka::offsets::{self, Ends};
use clap::Args;
use onefold::log::kafka::KafkaSettings;
use onefold::settings::{File, bad_name, nearest};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::time::Duration;

#[derive(Args, Debug, Clone)]
pub struct Source {
    /// A pipeline of the file, or the name of a dead-letter topic
    #[arg(value_name = "PIPELINE")]
    name: String,
    #[command(flatten)]
    place: Where,
}

/// A cluster that was reached, and which letters of it are meant.
pub struct Place {
    pub client: ClientConfig,
    pub settings: KafkaSettings,
    pub topic: String,
    /// Only letters of this group, where a pipeline was named: pipelines may share a dead-letter topic.
    pub group: Option<String>,
    /// The partitions of the dead-letter topic as they were at the start; none if nothing ever died.
    pub ends: Vec<Ends>,
    /// What to do where the topic is none of dead letters.
    pub instead: String,
    /// The command that shows all letters, those too that were put back.
    pub list_all: String,
    cluster: Option<RunningCluster>,
}

/// No answer for so long, and it is given up.
pub const PATIENCE: Duration = Duration::from_secs(30);

impl Source {
    /// Does what blocks at the place, and ends the broker that was started for it, however that went.
    pub async fn with(&self, broke_off: &str, work: impl FnOnce(&Place) -> Done + Send + 'static) -> Done {
        let place = self.open().await?;
        let worked = tokio::task::spawn_blocking(move || {
            let done = work(&place);
            (place, done)
        });
        let (place, done) = worked.await.or_failed(broke_off)?;
        place.close().await;
        done
    }

    async fn open(&self) -> Done<Place> {
        let file = self.file()?;
        let pipeline = file.as_ref().and_then(|file| file.pipelines.iter().find(|one| one.name.value == self.name));
        let topic = pipeline.map_or_else(|| self.name.clone(), |pipeline| pipeline.dead_letter_topic());
        let group = pipeline.map(|pipeline| pipeline.group.value.clone());
        let (client, settings, cluster) = match (&file, self.place.bootstrap()) {
            (Some(file), None) => {
                let cluster = RunningCluster::join(file).await?;
                (cluster.client().clone(), cluster.settings(), Some(cluster))
            }
            (_, bootstrap) => {
                let client = self.place.client().await?;
                let servers = client.get("bootstrap.servers").or(bootstrap).unwrap_or_default().to_owned();
                (client, KafkaSettings::new(&servers), None)
            }
        };
        let instead = self.instead(file.as_ref());
        let list_all = self.place.list_letters(&self.name);
        let mut place = Place { client, settings, topic, group, ends: vec![], instead, list_all, cluster };
        let asked = self.partitions(&place, file.as_ref());
        match asked {
            Ok(ends) => place.ends = ends,
            Err(why) => {
                place.close().await;
                return Err(why);
            }
        }
        Ok(place)
    }

    /// The file that names pipelines. With --bootstrap it is a help and no more: it may be of another cluster.
    fn file(&self) -> Done<Option<File>> {
        match self.place.file().map(|path| File::load(&path)) {
            Some(Err(why)) if self.place.bootstrap().is_none() => Err(Failure::usage(why)),
            Some(loaded) => Ok(loaded.ok()),
            None => Ok(None),
        }
    }

    /// The pipelines that read the topic, or else all, are what was meant; or it was to be read.
    fn instead(&self, file: Option<&File>) -> String {
        let all: Vec<_> = file.iter().flat_map(|file| &file.pipelines).collect();
        let readers: Vec<_> = all.iter().filter(|one| one.from.value == self.name).collect();
        let named = if readers.is_empty() { all.iter().collect() } else { readers };
        let named: Vec<&str> = named.into_iter().map(|one| &*one.name.value).collect();
        let name = match named.is_empty() {
            true => format!("the topic that has them: {}", self.place.topics_list()),
            false => format!("the pipeline whose letters are meant: {}", named.join(", ")),
        };
        format!("\n  to fix         name {name}\n  to see it      {}", self.place.consume(&self.name))
    }

    fn partitions(&self, place: &Place, file: Option<&File>) -> Done<Vec<Ends>> {
        let ends = match bad_name(&place.topic) {
            Some(_) => vec![],
            None => {
                offsets::partitions(&place.client, &place.topic).or_failed("cannot ask for the dead-letter topic")?
            }
        };
        if place.group.is_some() || !ends.is_empty() {
            return Ok(ends);
        }
        let pipelines: Vec<&str> = file.iter().flat_map(|file| &file.pipelines).map(|one| &*one.name.value).collect();
        let near = nearest(&self.name, pipelines.iter().copied());
        let hint = match near {
            Some(near) => format!("\n  nearest        {near}"),
            None if pipelines.is_empty() => self.place.list_topics(),
            None => format!("\n  pipelines      {}", pipelines.join(", ")),
        };
        Err(Failure::failed(format!("there is no pipeline and no topic {}{hint}", self.name)))
    }
}

impl Place {
    /// Reads these partitions of a topic from their beginning, and belongs to no group.
    pub fn reader(&self, topic: &str, partitions: impl IntoIterator<Item = i32>) -> KafkaResult<BaseConsumer> {
        let mut config = self.client.clone();
        config
            .set("group.id", "onefold-dead-letters")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer = config.create()?;
        let mut assignment = TopicPartitionList::new();
        for partition in partitions {
            assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&assignment)?;
        Ok(consumer)
    }

    /// Ends the broker, where this command started it.
    async fn close(self) {
        if let Some(cluster) = self.cluster {
            cluster.shutdown().await;
        }
    }
}
