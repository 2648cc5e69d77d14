//! What pipelines need of a cluster, whichever it is.

use std::sync::Arc;
use std::time::Duration;

use super::gate::Gate;
use crate::boundary::{BoxFuture, Kept};
use crate::log::memory::{MemoryCluster, MemoryLog};
use crate::log::{Log, LogError, Publish};
use crate::record::TopicId;

/// A cluster that pipelines run on.
pub(crate) trait Cluster: Send + Sync {
    /// The cluster's id; waits for an answer.
    fn id(&self) -> BoxFuture<'_, Result<Arc<str>, LogError>>;

    /// The topic's id, and how many partitions it has.
    fn topic<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<(TopicId, i32), LogError>>;

    /// How long the topic keeps records, where the cluster tells it.
    fn retention<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Option<Kept>>;

    /// A member of the group; it joins when it is first polled or woken.
    fn log(&self, group: &str, topic: &str, topic_id: TopicId) -> Result<Box<dyn Log>, LogError>;

    fn publisher(&self) -> Arc<dyn Publish>;

    /// What keeps all else quiet while one record is to run alone: of the process, unless the cluster is only a test's.
    fn gate(&self) -> Arc<Gate> {
        Gate::of_process()
    }
}

/// How long a cluster may take to answer at the start.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

impl Cluster for MemoryCluster {
    fn id(&self) -> BoxFuture<'_, Result<Arc<str>, LogError>> {
        Box::pin(std::future::ready(Ok(self.cluster_id())))
    }

    fn topic<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<(TopicId, i32), LogError>> {
        self.create_topic(topic, 1);
        Box::pin(std::future::ready(self.describe(topic).ok_or_else(|| LogError::NoTopic(topic.to_owned()))))
    }

    fn retention<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Kept>> {
        // Until a test deletes them.
        Box::pin(std::future::ready(Some(Kept::ForEver)))
    }

    fn log(&self, group: &str, topic: &str, _: TopicId) -> Result<Box<dyn Log>, LogError> {
        Ok(Box::new(MemoryLog::join(self, group, topic)))
    }

    fn publisher(&self) -> Arc<dyn Publish> {
        Arc::new(self.clone())
    }

    fn gate(&self) -> Arc<Gate> {
        self.gate_of_all()
    }
}
