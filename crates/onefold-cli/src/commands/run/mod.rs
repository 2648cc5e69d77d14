//! `onefold run FILE`: everything that the file names, started in order, run until it is drained or told to stop, and
//! ended in the opposite order.

mod cause;
pub mod cluster;
mod loads;
pub mod waits;
mod watch;

use super::refuse_too_strong;
use crate::exit::{Done, Failure, OrFailed};
use cause::{Asked, Cause, raised};
use clap::Args;
use cluster::RunningCluster;
use onefold::mock::Mock;
use onefold::runtime::RunError;
use onefold::settings::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use watch::Watch;

/// Run the pipelines of a file
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold run examples/payments/onefold.toml --drain\n\nStarts the file's embedded broker, makes its topics, loads its files, serves its mocks and runs its pipelines.\nOn a terminal it draws a line a pipeline and ends with a table. On a pipe standard output gets events, one JSON object a line, and standard error the text; with --json there are events only.\nSIGTERM and Ctrl-C end it after what is in flight is finished (exit 0; 1 with --drain, since not all was drained). A second one ends it at once (exit 143, 130); a SIGTERM within a second of the first signal is taken for an echo of it, as supervisors send it.\nA sink that is down is waited for, and every half minute it is said which pipeline waits for what. --drain-timeout ends that: what is in flight is finished, the rest is left for the next run (exit 4).\nIt ends with an error when the embedded broker's disk is full.\nKilled at any moment and started again, it goes on where it was."
)]
pub struct Options {
    /// The file
    #[arg(default_value = "onefold.toml")]
    file: PathBuf,
    /// End when everything there is after loading is done, skipped or dead
    #[arg(long)]
    drain: bool,
    /// The longest that a drain may take, loading included, such as 5m [default: as long as it takes]
    #[arg(long, value_name = "DURATION", requires = "drain", value_parser = humantime::parse_duration)]
    drain_timeout: Option<Duration>,
    /// How long a cluster elsewhere is waited for that is not there yet at the start
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = humantime::parse_duration)]
    wait: Duration,
    /// Only events, one JSON object a line, also on a terminal
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Done {
    let watch = Watch::new(options.json, options.drain);
    let ended = all(&options, &watch).await;
    watch.end();
    // The last event, whatever it was that went wrong.
    ended.inspect_err(|why| watch.failed(why))
}

async fn all(options: &Options, watch: &Watch) -> Done {
    let asked = cause::watched(watch, options.drain_timeout);
    let Some(file) = unless(&asked, read(&options.file)).await? else {
        return ended_by(*asked.borrow(), options, watch);
    };
    refuse_too_strong(&file)?;
    if file.pipelines.is_empty() {
        let why = format!("{} has no [pipelines]: there is nothing to run", options.file.display());
        return Err(Failure::usage(why));
    }
    let reached = cluster::wait(&file, options.wait, |why| watch.cluster_is_away(why, options.wait));
    if unless(&asked, reached).await?.is_none() {
        return ended_by(*asked.borrow(), options, watch);
    }
    let Some(cluster) = started(&file, &asked).await? else {
        return ended_by(*asked.borrow(), options, watch);
    };
    // Whatever goes wrong inside, the broker is ended in good order.
    let result = on_cluster(&file, &cluster, options, asked, watch).await;
    watch.end();
    cluster.shutdown().await;
    result
}

/// Does it, unless it is asked to end before that is done: `None`.
async fn unless<T>(asked: &Asked, done: impl Future<Output = Done<T>>) -> Done<Option<T>> {
    tokio::select! {
        biased;
        () = raised(asked.clone()) => Ok(None),
        done = done => done.map(Some),
    }
}

/// On a thread of its own, which nobody waits for at the end: what a path leads to may never answer (a pipe, a share that
/// hangs).
async fn read(path: &Path) -> Done<File> {
    let (path, (tell, told)) = (path.to_owned(), oneshot::channel());
    let read = move || drop(tell.send(File::load_with_secrets(&path).map_err(Failure::usage)));
    std::thread::Builder::new().name("settings".into()).spawn(read).or_failed("the system gives no thread")?;
    told.await.or_failed("reading the file broke off")?
}

/// How long what has begun may take to be done, so that it can be ended in order.
const MOMENT: Duration = Duration::from_millis(500);

/// The file's cluster; `None` where it is asked to end before that is there. An embedded broker that opens its folder then is
/// given a moment to do so, and closed; one that takes longer is left as a kill leaves it, which loses nothing.
async fn started(file: &File, asked: &Asked) -> Done<Option<RunningCluster>> {
    let (file, here, (tell, mut told)) = (file.clone(), Handle::current(), oneshot::channel());
    // On a thread of its own, which nobody waits for.
    let start = move || drop(tell.send(here.block_on(RunningCluster::of(&file))));
    std::thread::Builder::new().name("cluster".into()).spawn(start).or_failed("the system gives no thread")?;
    let starting = async { (&mut told).await.or_failed("starting the cluster broke off")? };
    let cluster = unless(asked, starting).await?;
    if cluster.is_none()
        && let Ok(Ok(Ok(cluster))) = tokio::time::timeout(MOMENT, told).await
    {
        cluster.shutdown().await;
    }
    Ok(cluster)
}

async fn on_cluster(file: &File, cluster: &RunningCluster, options: &Options, asked: Asked, watch: &Watch) -> Done {
    let pipelines = file.build().map_err(Failure::failed)?;
    if unless(&asked, prepare(file, cluster, watch, &pipelines)).await?.is_none() {
        return ended_by(*asked.borrow(), options, watch);
    }
    let mocks = start_mocks(file).await?;
    let result = tokio::select! {
        result = work(file, cluster, options, asked, watch, pipelines) => result,
        why = cluster.stopped() => Err(Failure::failed(format!("the embedded broker stopped: {why}"))),
        why = cluster.out_of_space() => Err(Failure::failed(why)),
    };
    for mock in mocks {
        mock.shutdown().await;
    }
    result
}

async fn prepare(file: &File, cluster: &RunningCluster, watch: &Watch, pipelines: &[onefold::Ready]) -> Done {
    cluster.make_topics(file).await?;
    for pipeline in pipelines {
        watch.guarantee(&pipeline.explain(cluster.retention(pipeline.topic()).await));
    }
    Ok(())
}

async fn work(
    file: &File,
    cluster: &RunningCluster,
    options: &Options,
    asked: Asked,
    watch: &Watch,
    pipelines: Vec<onefold::Ready>,
) -> Done {
    loads::load_all(file, cluster, &asked, watch).await?;
    let is_asked_early = asked.borrow().is_some();
    // Whether the run itself was asked to end: what comes when it has ended by itself changes nothing any more.
    let cut_short = Arc::new(AtomicBool::new(is_asked_early));
    if !is_asked_early {
        let kafka = cluster.kafka()?;
        let names: Vec<String> = pipelines.iter().map(|pipeline| pipeline.name().to_owned()).collect();
        let (observer, started) = (watch.observer(&names), Instant::now());
        let (until, cutting) = (raised(asked.clone()), cut_short.clone());
        let until = async move {
            until.await;
            cutting.store(true, Ordering::SeqCst);
        };
        let ran = onefold::run(&kafka, pipelines).drain(options.drain).until(until).observe(observer).await;
        watch.end();
        let cause = (*asked.borrow()).filter(|_| cut_short.load(Ordering::SeqCst));
        let table = ran.map_err(|why: RunError| match (why.is_refusal(), cause) {
            (true, _) => Failure::refused(why),
            // It says itself what is left, and whether that is lost.
            (false, Some(Cause::TimeUp(limit))) => cause::ended_late(limit, &why),
            // Not one of the others is done either, and each says how far it came.
            (false, _) if matches!(why, RunError::Stopped { .. }) && names.len() > 1 => {
                watch.text_table(&watch.broken_off(&names, started.elapsed()));
                Failure::failed(format!("{why}{}", watch.left()))
            }
            (false, _) => Failure::failed(why),
        })?;
        watch.table(&table);
    }
    let cause = match *asked.borrow() {
        // It had ended by itself when this came.
        Some(_) if !cut_short.load(Ordering::SeqCst) => None,
        // Its time was up in the moment in which the last of it was done: nobody was late.
        Some(Cause::TimeUp(_)) if !is_asked_early && watch.left().is_empty() => None,
        cause => cause,
    };
    ended_by(cause, options, watch)
}

/// What it means that this ended the run, and not its own end.
fn ended_by(cause: Option<Cause>, options: &Options, watch: &Watch) -> Done {
    match cause {
        Some(Cause::Signal(signal)) if options.drain => Err(Failure::failed(format!(
            "{} came before all was drained; nothing is lost: run it again, and it goes on where it was",
            signal.name()
        ))),
        Some(Cause::TimeUp(limit)) => Err(cause::not_in_time(limit, &watch.left(), &watch.dead())),
        _ => Ok(()),
    }
}

async fn start_mocks(file: &File) -> Done<Vec<Mock>> {
    let mut mocks = vec![];
    for settings in &file.mocks {
        mocks.push(Mock::start(settings).await.map_err(Failure::failed)?);
    }
    Ok(mocks)
}
