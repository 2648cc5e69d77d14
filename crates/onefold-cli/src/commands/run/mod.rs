//! `onefold run FILE`: everything that the file names, started in order, run until it is drained or told to stop, and
//! ended in the opposite order.

mod cluster;
mod loads;
mod watch;

use super::refuse_too_strong;
use crate::console::tell;
use crate::exit::{Done, Failure};
use clap::Args;
use cluster::RunningCluster;
use onefold::mock::Mock;
use onefold::runtime::RunError;
use onefold::settings::File;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch::Receiver;
use watch::Watch;

/// Run the pipelines of a file
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold run examples/payments/onefold.toml --drain\n\nStarts the file's embedded broker, makes its topics, loads its files, serves its mocks and runs its pipelines.\nSIGTERM and Ctrl-C end it after what is in flight is finished; a second one ends it at once.\nIt ends with an error when the embedded broker's disk is full.\nKilled at any moment and started again, it goes on where it was."
)]
pub struct Options {
    /// The file
    #[arg(default_value = "onefold.toml")]
    file: PathBuf,
    /// End when everything there is after loading is done, skipped or dead
    #[arg(long)]
    drain: bool,
    /// Say everything as JSON, one event a line
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Done {
    let file = File::load(&options.file).map_err(Failure::usage)?;
    refuse_too_strong(&file)?;
    if file.pipelines.is_empty() {
        let why = format!("{} has no [pipelines]: there is nothing to run", options.file.display());
        return Err(Failure::failed(why));
    }
    let (stop, watch) = (stop_signal(), Watch::new(options.json));
    let cluster = RunningCluster::start(&file).await?;
    // Whatever goes wrong inside, the broker is ended in good order.
    let result = on_cluster(&file, &cluster, &options, stop, &watch).await;
    cluster.shutdown().await;
    let table = result?;
    if !options.json {
        tell(&table);
    }
    Ok(())
}

async fn on_cluster(
    file: &File,
    cluster: &RunningCluster,
    options: &Options,
    stop: Receiver<bool>,
    watch: &Watch,
) -> Done<String> {
    let pipelines = file.build().map_err(Failure::failed)?;
    cluster.make_topics(file).await?;
    for pipeline in &pipelines {
        watch.guarantee(&pipeline.explain(cluster.retention(pipeline.topic()).await));
    }
    let mocks = start_mocks(file).await?;
    let result = tokio::select! {
        result = work(file, cluster, options, stop, watch, pipelines) => result,
        why = cluster.stopped() => Err(Failure::failed(format!("the embedded broker stopped: {why}"))),
        why = cluster.out_of_space() => Err(Failure::failed(why)),
    };
    for mock in mocks {
        mock.shutdown().await;
    }
    result
}

async fn work(
    file: &File,
    cluster: &RunningCluster,
    options: &Options,
    stop: Receiver<bool>,
    watch: &Watch,
    pipelines: Vec<onefold::Ready>,
) -> Done<String> {
    loads::load_all(file, cluster, &stop, watch).await?;
    let kafka = cluster.kafka()?;
    let names: Vec<String> = pipelines.iter().map(|pipeline| pipeline.name().to_owned()).collect();
    let observer = watch.observer(&names);
    let ran = onefold::run(&kafka, pipelines).drain(options.drain).until(raised(stop)).observe(observer).await;
    watch.end();
    let table = ran.map_err(|why: RunError| match why.is_refusal() {
        true => Failure::refused(why),
        false => Failure::failed(why),
    })?;
    watch.table(&table);
    Ok(table.to_string())
}

async fn start_mocks(file: &File) -> Done<Vec<Mock>> {
    let mut mocks = vec![];
    for settings in &file.mocks {
        mocks.push(Mock::start(settings).await.map_err(Failure::failed)?);
    }
    Ok(mocks)
}

/// True from the first signal on; the second one ends the process.
fn stop_signal() -> Receiver<bool> {
    let (raise, raised) = tokio::sync::watch::channel(false);
    let (first, raise) = (super::shutdown(), Arc::new(raise));
    tokio::spawn(async move {
        first.await;
        let second = super::shutdown();
        raise.send_replace(true);
        second.await;
        std::process::exit(130);
    });
    raised
}

async fn raised(mut stop: Receiver<bool>) {
    // The sender lives as long as the process.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
