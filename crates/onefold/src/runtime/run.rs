//! Running pipelines side by side until they are drained or told to end.

use std::collections::HashSet;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::oneshot;

use super::cluster::Cluster;
use super::engine::{Ended, Engine, Setup};
use super::error::RunError;
use super::inbox::{Inbox, Message};
use super::observer::Observer;
use super::table::{Row, Table};
use crate::boundary::{BoxFuture, Kept};
use crate::kafka::Kafka;
use crate::pipeline::Ready;

/// Runs pipelines: `onefold::run(&kafka, [loyalty]).until(onefold::shutdown()).await?`.
pub fn run<'k>(kafka: &'k Kafka, pipelines: impl IntoIterator<Item = Ready>) -> Run<'k> {
    on(kafka, pipelines)
}

pub(crate) fn on<'k>(cluster: &'k dyn Cluster, pipelines: impl IntoIterator<Item = Ready>) -> Run<'k> {
    Run {
        cluster,
        pipelines: pipelines.into_iter().collect(),
        until: Box::pin(std::future::pending()),
        drains: false,
        observer: Observer::default(),
    }
}

/// A run being described; awaiting it runs it.
///
/// Dropped before its end, the pipelines are stopped and drained in the background.
#[must_use = "a run does nothing unless it is awaited"]
pub struct Run<'k> {
    cluster: &'k dyn Cluster,
    pipelines: Vec<Ready>,
    until: BoxFuture<'k, ()>,
    drains: bool,
    observer: Observer,
}

impl<'k> Run<'k> {
    /// Ends, drained, when this future does.
    pub fn until(mut self, end: impl Future<Output = ()> + Send + 'k) -> Self {
        self.until = Box::pin(end);
        self
    }

    /// Ends when every partition's end at the start of the run is passed and nothing is parked.
    pub fn drain(mut self, drains: bool) -> Self {
        self.drains = drains;
        self
    }

    /// Tells of each pipeline while it runs.
    pub fn observe(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    async fn go(self) -> Result<Table, RunError> {
        let started = Instant::now();
        let Run { cluster, pipelines, mut until, drains, observer } = self;
        let names: Vec<String> = pipelines.iter().map(|pipeline| pipeline.name().to_owned()).collect();
        let running = tokio::select! {
            biased;
            running = start(cluster, pipelines, drains, &observer) => running?,
            // Nothing has run yet, so nothing is to be drained.
            () = &mut until => return Ok(Table::empty(names, started.elapsed())),
        };
        let (ended, broken_off) = running.wait(&mut until).await;
        if let Some(error) = broken_off {
            return Err(error);
        }
        let mut table = Table { time: started.elapsed(), ..Table::default() };
        for (name, ended) in ended {
            match ended {
                Ended::Well(counters, notes) => {
                    table.notes.extend(notes);
                    table.rows.push(Row { name, counters });
                }
                Ended::Crashed(counters) => table.rows.push(Row { name, counters }),
                Ended::Stopped(reason) => return Err(RunError::Stopped { name, reason }),
            }
        }
        Ok(table)
    }
}

impl<'k> IntoFuture for Run<'k> {
    type Output = Result<Table, RunError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'k>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.go())
    }
}

/// Engines at work, each on a thread of its own.
struct Running {
    engines: Vec<(String, Arc<Inbox>, oneshot::Receiver<Ended>)>,
}

/// Checks everything before anything starts.
async fn start(
    cluster: &dyn Cluster,
    pipelines: Vec<Ready>,
    drains: bool,
    observer: &Observer,
) -> Result<Running, RunError> {
    check(&pipelines)?;
    let cluster_id = cluster.id().await?;
    let mut ready = Vec::new();
    for pipeline in pipelines {
        let (name, inbox) = (pipeline.name().to_owned(), Arc::new(Inbox::default()));
        let (topic_id, partitions) = cluster.topic(&pipeline.plan.topic).await?;
        let retention = cluster.retention(&pipeline.plan.topic).await;
        look_at_windows(&pipeline, retention)?;
        let publish = cluster.publisher();
        publish.ensure_topic(pipeline.plan.dead_letter_topic(), partitions).await?;
        let setup = Setup {
            cluster_id: cluster_id.clone(),
            topic_id,
            log: cluster.log(&pipeline.plan.group, &pipeline.plan.topic, topic_id)?,
            publish,
            gate: cluster.gate(),
            tokio: tokio::runtime::Handle::current(),
            inbox: inbox.clone(),
            observer: observer.clone(),
            drains,
        };
        ready.push((name, inbox, Engine::new(pipeline, setup).await?));
    }
    let tried: Vec<_> = ready.iter().map(|(_, _, engine)| engine.try_statements()).collect();
    for tried in tried {
        tried.await?;
    }
    let mut running = Running { engines: Vec::new() };
    for (name, inbox, engine) in ready {
        let (tell, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name(format!("onefold-{name}"))
            .spawn(move || drop(tell.send(engine.run())))
            .map_err(|error| RunError::Unusable(format!("cannot start a thread for {name}: {error}")))?;
        running.engines.push((name, inbox, ended));
    }
    Ok(running)
}

/// The target of log lines that say what an explanation warns of.
const WARNINGS: &str = "onefold::explain";

/// Ids and tombstones against how long the topic keeps its records.
fn look_at_windows(pipeline: &Ready, retention: Option<Kept>) -> Result<(), RunError> {
    pipeline.check(retention)?;
    for line in pipeline.explain(retention).explanation.lines.iter().filter(|line| line.label == "warning") {
        // A target of its own: who prints explanations has said it already.
        tracing::warn!(target: WARNINGS, pipeline = pipeline.name(), "{}", line.text);
    }
    Ok(())
}

fn check(pipelines: &[Ready]) -> Result<(), RunError> {
    let mut seen = HashSet::new();
    for pipeline in pipelines {
        if let Some(misfit) = pipeline.misfit() {
            return Err(RunError::Wrong(misfit));
        }
        // As if nothing ever came again: how long the topic keeps records is asked later.
        pipeline.check(Some(Kept::Millis(0)))?;
        let (topic, group) = (&pipeline.plan.topic, &pipeline.plan.group);
        if !seen.insert((topic, group)) {
            return Err(RunError::Wrong(format!(
                "two pipelines read {topic} as group {group}: each would get a part of the records. Give each a group \
                 of its own"
            )));
        }
    }
    Ok(())
}

impl Running {
    /// Until all have ended; when `until` does, or when one stops by itself, the others are stopped too. The error is of the
    /// one that stopped first.
    async fn wait(self, until: &mut BoxFuture<'_, ()>) -> (Vec<(String, Ended)>, Option<RunError>) {
        let names: Vec<String> = self.engines.iter().map(|(name, ..)| name.clone()).collect();
        let stops = Stops(self.engines.iter().map(|(_, inbox, _)| inbox.clone()).collect());
        let engines = self.engines.into_iter().enumerate();
        let mut engines: FuturesUnordered<_> =
            engines.map(|(nth, (name, _, ended))| async move { (nth, name, ended.await) }).collect();
        let (mut ended, mut asked, mut broken_off) = (Vec::new(), false, None);
        while !engines.is_empty() {
            tokio::select! {
                () = &mut *until, if !asked => {
                    asked = true;
                    stops.stop();
                }
                Some((nth, name, result)) = engines.next() => {
                    let panicked = |_| Ended::Stopped("its thread panicked".into());
                    let result = result.unwrap_or_else(panicked);
                    ended.push((nth, name, result));
                    if let Some((_, name, Ended::Stopped(reason))) = ended.last()
                        && broken_off.is_none()
                    {
                        let with_it = if asked { Vec::new() } else { others(&names, &ended) };
                        broken_off = Some(stopped(name, reason, &with_it));
                        stops.stop();
                    }
                }
            }
        }
        ended.sort_by_key(|(nth, ..)| *nth);
        (ended.into_iter().map(|(_, name, ended)| (name, ended)).collect(), broken_off)
    }
}

/// Those that have not ended.
fn others<'a>(names: &'a [String], ended: &[(usize, String, Ended)]) -> Vec<&'a str> {
    let has_ended = |nth: usize| ended.iter().any(|(other, ..)| *other == nth);
    names.iter().enumerate().filter(|(nth, _)| !has_ended(*nth)).map(|(_, name)| name.as_str()).collect()
}

/// Why all came to an end, and who was cut off by that.
fn stopped(name: &str, reason: &str, with_it: &[&str]) -> RunError {
    let reason = match with_it {
        [] => reason.to_owned(),
        _ => format!("{reason}\n  ended for it, before they were done: {}", with_it.join(", ")),
    };
    RunError::Stopped { name: name.to_owned(), reason }
}

/// Stops engines; at the latest when the run is dropped.
struct Stops(Vec<Arc<Inbox>>);

impl Stops {
    fn stop(&self) {
        self.0.iter().for_each(|inbox| inbox.push(Message::Stop));
    }
}

impl Drop for Stops {
    fn drop(&mut self) {
        self.stop();
    }
}
