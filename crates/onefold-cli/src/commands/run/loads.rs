use super::MOMENT;
use super::cause::{Asked, raised};
use super::cluster::RunningCluster;
use super::watch::Watch;
use crate::exit::{Done, Failure, OrFailed};
use onefold::load::{LoadError, load};
use onefold::settings::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Puts the lines of every `load` into its topic, those that are not there yet.
pub async fn load_all(file: &File, cluster: &RunningCluster, asked: &Asked, watch: &Watch) -> Done {
    let halt = Arc::new(AtomicBool::new(false));
    // A load is on a thread of its own, which must end even where nobody waits for it any more.
    let _halted = Halt(halt.clone());
    let (halting, raised) = (halt.clone(), raised(asked.clone()));
    let halter = tokio::spawn(async move {
        raised.await;
        halting.store(true, Ordering::Relaxed);
    });
    for topic in &file.topics {
        let Some(settings) = topic.load.clone() else { continue };
        let (client, name, halt) = (cluster.client().clone(), topic.name.value.clone(), halt.clone());
        let (outlives, bar) = (cluster.outlives(), watch.load(&topic.name));
        let loading = tokio::task::spawn_blocking(move || {
            let loaded = load(&client, &name, &settings, outlives, &halt, &|there, all| bar.at(there, all));
            bar.end(loaded.as_ref().ok());
            loaded
        });
        let loaded = tokio::select! {
            loaded = loading => loaded.or_failed("loading broke off")?,
            // A cluster that hangs lets it hang, too. What was sent is found by the next start.
            () = given_up(asked) => return Ok(()),
        };
        match loaded {
            Ok(_) | Err(LoadError::Stopped) => {}
            Err(why @ (LoadError::OtherCluster { .. } | LoadError::OtherTopic { .. } | LoadError::Changed { .. })) => {
                return Err(Failure::refused(why));
            }
            Err(why) => return Err(Failure::failed(format!("cannot load {}: {why}", topic.name.value))),
        }
    }
    halter.abort();
    Ok(())
}

/// A moment after it was asked to end.
async fn given_up(asked: &Asked) {
    raised(asked.clone()).await;
    tokio::time::sleep(MOMENT).await;
}

struct Halt(Arc<AtomicBool>);

impl Drop for Halt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
