//! An engine from a pipeline and a cluster.

use std::sync::Arc;

use onefold_core::attempt::{Breaker, BreakerSettings};
use onefold_core::guarantee::Protocol;
use onefold_core::identity::Origins;
use onefold_core::lane::{Budget, LaneSettings, Lanes};

use super::forget::Ids;
use super::{Engine, Worker};
use crate::boundary::sink::SinkSettings;
use crate::log::{Log, Publish};
use crate::pipeline::Ready;
use crate::pipeline::dedup::DedupStore;
use crate::pipeline::ready::Work;
use crate::record::TopicId;
use crate::runtime::RunError;
use crate::runtime::clock::Clock;
use crate::runtime::effects::Effects;
use crate::runtime::gate::Gate;
use crate::runtime::hands::Hands;
use crate::runtime::inbox::Inbox;
use crate::runtime::observer::Observer;
use crate::store::{IdStore, MemoryIds};

/// What an engine stands on.
pub(in crate::runtime) struct Setup {
    pub(in crate::runtime) cluster_id: Arc<str>,
    pub(in crate::runtime) topic_id: TopicId,
    pub(in crate::runtime) log: Box<dyn Log>,
    pub(in crate::runtime) publish: Arc<dyn Publish>,
    pub(in crate::runtime) gate: Arc<Gate>,
    pub(in crate::runtime) tokio: tokio::runtime::Handle,
    pub(in crate::runtime) inbox: Arc<Inbox>,
    pub(in crate::runtime) observer: Observer,
    pub(in crate::runtime) drains: bool,
}

impl Engine {
    /// Opens the sink; nothing is read before [`Engine::run`].
    pub(in crate::runtime) async fn new(ready: Ready, setup: Setup) -> Result<Engine, RunError> {
        let protocol = ready.protocol();
        let Ready { plan, work } = ready;
        let topic: Arc<str> = plan.topic.as_str().into();
        let worker = match work {
            Work::Effect(effect) => {
                let ids = id_store(&plan, protocol).await?;
                let effects = Effects { effect, ids, group: plan.group.as_str().into(), crash: plan.crash.clone() };
                let (tokio, inbox) = (setup.tokio.clone(), setup.inbox.clone());
                Worker::Effects(Box::new(Hands::new(effects, tokio, inbox, plan.concurrency.max(1))))
            }
            Work::InTransaction { open, .. } => {
                let settings = SinkSettings {
                    group: plan.group.as_str().into(),
                    topic: topic.clone(),
                    cluster_id: setup.cluster_id.clone(),
                    topic_id: setup.topic_id,
                    protocol,
                    keep_ids_ms: plan.dedup.as_ref().map(|d| i64::try_from(d.keep.as_millis()).unwrap_or(i64::MAX)),
                    crash: plan.crash.clone(),
                };
                let sink = tokio::task::spawn_blocking(move || open(settings))
                    .await
                    .map_err(|error| RunError::Unusable(error.to_string()))??;
                if protocol.position_is_in_sink() {
                    sink.check_origin().await?;
                }
                Ids::InSink(sink.clone()).forget_old().await?;
                Worker::Sink(sink)
            }
        };
        let dead_topic: Arc<str> = plan.dead_letter_topic().into();
        let (lanes, breaker) = (Lanes::new(lane_settings(&plan, &worker)), Breaker::new(breaker_settings(&worker)));
        let mut report = super::report::Report::default();
        (report.topic_id, report.drains) = (setup.topic_id, setup.drains);
        let careful = super::careful::Careful::at(&setup.gate, &setup.inbox);
        let origins = Origins::of(&plan.group, &setup.cluster_id);
        Ok(Engine {
            policy: plan.retry.into(),
            plan,
            protocol,
            topic,
            dead_topic,
            log: setup.log,
            publish: setup.publish,
            worker,
            tokio: setup.tokio,
            inbox: setup.inbox,
            observer: setup.observer,
            clock: Clock::start(),
            lanes,
            owned: Default::default(),
            assignments: Default::default(),
            starting: Default::default(),
            revoking: None,
            commits: Default::default(),
            careful,
            breaker,
            flood: Default::default(),
            relay: Default::default(),
            forgetting: Default::default(),
            gone: Default::default(),
            ending: Default::default(),
            counters: Default::default(),
            report,
            origins,
            records: Vec::new(),
            spare: Default::default(),
            messages: Vec::new(),
        })
    }
}

impl Engine {
    /// Whether the sink's statements can run, now that every pipeline's setup has.
    pub(in crate::runtime) fn try_statements(&self) -> impl Future<Output = Result<(), RunError>> + use<> {
        let name = self.plan.name().to_owned();
        let tried = match &self.worker {
            Worker::Sink(sink) => Some(sink.try_statements()),
            Worker::Effects(_) => None,
        };
        async move {
            let Some(tried) = tried else { return Ok(()) };
            tried.await.map_err(|error| match RunError::from(error) {
                RunError::Wrong(why) => RunError::Wrong(format!("pipeline {name}: {why}")),
                other => other,
            })
        }
    }
}

/// What runs at once: for handlers the concurrency, which [`Hands`] keeps, and the letters on their way; for a
/// database, a few transactions.
fn lane_settings(plan: &crate::pipeline::plan::Plan, worker: &Worker) -> LaneSettings {
    let records = match worker {
        Worker::Effects(_) => (plan.concurrency * 2).max(1024),
        Worker::Sink(_) => 2048,
    };
    let defaults = LaneSettings::default();
    LaneSettings { order: plan.order, running: Budget { records, bytes: 64 << 20 }, ..defaults }
}

/// A database in this machine may be asked again soon: nobody is hurt by it, and a lock goes from one moment to the next.
fn breaker_settings(worker: &Worker) -> BreakerSettings {
    let usual = BreakerSettings::default();
    match worker {
        Worker::Effects(_) => usual,
        Worker::Sink(_) => BreakerSettings { probe_longest_ms: 5_000, ..usual },
    }
}

async fn id_store(
    plan: &crate::pipeline::plan::Plan,
    protocol: Protocol,
) -> Result<Option<Arc<dyn IdStore>>, RunError> {
    let Some(dedup) = plan.dedup.as_ref().filter(|_| protocol != Protocol::CommitFirst) else { return Ok(None) };
    let store: Arc<dyn IdStore> = match &dedup.store {
        DedupStore::Sink | DedupStore::Memory => Arc::new(MemoryIds::keeping(dedup.keep)),
        #[cfg(feature = "sqlite")]
        DedupStore::Sqlite(path) => {
            let (path, group, keep) = (path.clone(), plan.group.clone(), dedup.keep);
            let open = move || crate::store::SqliteIds::open(&path, &group, keep);
            let opened = tokio::task::spawn_blocking(open).await;
            Arc::new(opened.map_err(|error| RunError::Unusable(error.to_string()))??)
        }
        #[cfg(not(feature = "sqlite"))]
        DedupStore::Sqlite(_) => return Err(RunError::Wrong("this build has no SQLite".into())),
    };
    Ids::Beside(store.clone()).forget_old().await?;
    Ok(Some(store))
}
