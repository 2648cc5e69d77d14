//! The embedded broker of a file, where it runs in another process: found by its data folder and by nothing else. Who
//! merely listens at the address that the file names may be another broker by now, and nobody wants to act on that one.

use crate::exit::{Done, Failure};
use std::path::{Path, PathBuf};

/// A broker that runs on a file's data folder.
pub struct Embedded {
    pub address: String,
    data: PathBuf,
    /// What the folder holds; `None` where only another release could read it.
    cluster: Option<String>,
}

impl Embedded {
    /// `None`: nobody runs on the folder.
    pub fn running(data: &Path) -> Done<Option<Embedded>> {
        // Asked first: a folder that cannot be looked into does not say that nobody runs on it.
        let cluster = onefold_broker::cluster_of(data).map_err(|why| hidden(data, &why))?;
        let address = onefold_broker::running_at(data);
        Ok(address.map(|address| Embedded { address: address.to_string(), data: data.to_owned(), cluster }))
    }

    /// The address may lead elsewhere from here, as out of a container. `answers` is the cluster that answers there.
    pub fn refuse_another(&self, answers: &str) -> Done {
        let Some(cluster) = self.cluster.as_deref().filter(|cluster| *cluster != answers) else { return Ok(()) };
        let Embedded { address, data, .. } = self;
        Err(Failure::failed(format!(
            "another broker than that of {} answers at {address}: the folder holds cluster {cluster}, and it is {answers}\n  \
             to fix         say where the broker of the folder is, as seen from here: --bootstrap HOST:PORT",
            data.display(),
        )))
    }
}

fn hidden(data: &Path, why: &std::io::Error) -> Failure {
    Failure::failed(format!(
        "cannot see whether a broker runs on {}: {why}\n  \
         to fix         be the user who runs it\n  \
         or             say where it is: --bootstrap HOST:PORT",
        data.display(),
    ))
}
