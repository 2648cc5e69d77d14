//! The embedded broker of a file, where it runs in another process: found by its data folder and by nothing else. Who
//! merely listens at the address that the file names may be another broker by now, and nobody wants to act on that one.

use super::PATIENCE;
use crate::console::say;
use crate::exit::{Done, Failure};
use onefold_broker::Presence;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A broker that runs on a file's data folder.
pub struct Embedded {
    pub address: String,
    data: PathBuf,
    /// What the folder holds; `None` where only another release could read it.
    cluster: Option<String>,
}

/// How often a broker that is neither here nor gone is looked at, and when that is said.
const LOOK: Duration = Duration::from_millis(50);
const SOON: Duration = Duration::from_secs(1);

impl Embedded {
    /// `None`: nobody runs on the folder. One that starts is waited for, and so is the end of one that stops.
    pub async fn running(data: &Path) -> Done<Option<Embedded>> {
        let (began, mut is_said) = (Instant::now(), false);
        loop {
            let does = match onefold_broker::presence(data).map_err(|why| hidden(data, &why))? {
                Presence::Nobody => return Ok(None),
                Presence::Serves(address) => return Embedded::at(data, address).map(Some),
                Presence::Starts => "is starting",
                Presence::Stops => "is stopping",
            };
            if began.elapsed() > PATIENCE {
                return Err(in_between(data, does));
            }
            if began.elapsed() > SOON && !std::mem::replace(&mut is_said, true) {
                say(&format!("waiting: the broker on {} {does}", data.display()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn at(data: &Path, address: SocketAddr) -> Done<Embedded> {
        let cluster = onefold_broker::cluster_of(data).map_err(|why| hidden(data, &why))?;
        Ok(Embedded { address: address.to_string(), data: data.to_owned(), cluster })
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

fn in_between(data: &Path, does: &str) -> Failure {
    Failure::failed(format!(
        "the broker on {} {does}, and that takes long: for {} s by now\n  \
         to fix         try again when it is done; where it runs, it says what it does",
        data.display(),
        PATIENCE.as_secs(),
    ))
}

/// A folder that cannot be looked into does not say that nobody runs on it.
fn hidden(data: &Path, why: &io::Error) -> Failure {
    let remedy = match why.kind() {
        ErrorKind::PermissionDenied => "be the user who runs it",
        ErrorKind::NotADirectory => "name a folder as `data` of kafka.embedded: there is a file on its way",
        _ => "mend the folder, or the disk that it is on",
    };
    Failure::failed(format!(
        "cannot see whether a broker runs on {}: {why}\n  \
         to fix         {remedy}\n  \
         or             say where it is: --bootstrap HOST:PORT",
        data.display(),
    ))
}
