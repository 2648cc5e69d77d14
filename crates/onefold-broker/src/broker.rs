//! A whole broker in a process: recover, listen, serve, and leave nothing behind.
//!
//! It runs on threads of its own, so a user's runtime that is busy, or of a single thread, does not slow it down.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onefold_broker_core::group::GroupSettings;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::address::{self, HostPort};
use crate::log::{Log, OpenError};
use crate::presence::{self, Between, Told};
use crate::server::{self, Budget, InFlight};
use crate::settings::BrokerSettings;
use crate::wire::{Groups, Node, OffsetsKept};

/// A running broker. Dropping it stops it as [`Broker::shutdown`] does, but blocks the thread that drops it.
pub struct Broker {
    address: SocketAddr,
    cluster_id: String,
    log: Log,
    /// Taken by whoever stops the broker.
    running: Option<Running>,
}

struct Running {
    runtime: Runtime,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    node: Arc<Node>,
    told: Option<Told>,
}

/// Why a broker cannot start. The kinds name what to do.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("{address} is in use by another program: stop that one, or listen elsewhere (port 0 takes a free port)")]
    AddressTaken { address: String },
    #[error("cannot listen on {address} ({error}): use an address of this machine, as in 127.0.0.1:9092")]
    AddressUnusable { address: String, error: io::Error },
    #[error("this user may not listen on {address}: take a port above 1023")]
    PortNotAllowed { address: String },
    #[error("'{address}' is not an address: write host:port, as in 127.0.0.1:9092")]
    AddressMalformed { address: String },
    /// The data folder: locked, full, unreadable or damaged.
    #[error(transparent)]
    Folder(#[from] OpenError),
    #[error("the system gives no threads ({0}): close other programs, or raise the limit of processes (ulimit -u)")]
    NoThreads(io::Error),
}

/// How long a stop waits for threads that are busy with a disk.
const LAST_TASKS: Duration = Duration::from_secs(5);

/// How long produce is refused before a full disk is said to stay full, and how often that is looked at.
const STAYS_FULL: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Broker {
    /// Locks and recovers the data folder, makes the new leader epoch durable, then listens. When this returns, clients
    /// are served. May be called from any async runtime. Dropping the future half way stops what was started.
    ///
    /// # Errors
    /// [`BrokerError`], whose kinds say what to do.
    pub async fn start(settings: BrokerSettings) -> Result<Broker, BrokerError> {
        let advertised = settings.advertised.as_deref().map(address::parse).transpose()?;
        let runtime = runtime(&settings)?;
        let starting = start(runtime.handle().clone(), settings, advertised);
        // On the broker's own threads: opening the folder blocks, and the caller's runtime may not be tokio's.
        let started = runtime.spawn(starting).await;
        match started {
            Ok(Ok(Started { address, node, stop, accepting, told })) => Ok(Broker {
                address,
                cluster_id: node.log.cluster_id().to_owned(),
                log: node.log.clone(),
                running: Some(Running { runtime, stop, accepting, node, told }),
            }),
            Ok(Err(error)) => {
                runtime.shutdown_background();
                Err(error)
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(BrokerError::NoThreads(io::Error::other(error)))
            }
        }
    }

    /// Where it listens; the port is the one it really has.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The cluster's id as clients see it; it belongs to the data folder.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// How many answers wait for the disk at this moment: they are ready, and what they tell is not durable yet.
    pub fn answers_waiting(&self) -> usize {
        self.log.waiting()
    }

    /// Waits until the broker can serve no more, and says why: a write or sync of its journal failed. Cancel-safe.
    pub async fn stopped(&self) -> String {
        let mut stopped = self.log.stopped();
        match stopped.wait_for(Option::is_some).await {
            Ok(why) => why.as_deref().unwrap_or_default().to_owned(),
            Err(_) => "the broker was shut down".to_owned(),
        }
    }

    /// Waits until the broker has refused what is produced for two seconds because its disk is full. It still serves
    /// readers, and takes records again as soon as there is space. Cancel-safe; needs a tokio runtime with time.
    pub async fn out_of_space(&self) {
        let mut full_since = None;
        loop {
            full_since = self.log.refuses_for_space().then(|| full_since.unwrap_or_else(tokio::time::Instant::now));
            if full_since.is_some_and(|since| since.elapsed() >= STAYS_FULL) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Stops accepting, lets connections write what is already answered (two seconds at most), makes everything durable,
    /// and gives up the port, the threads and the folder. Dropping the future half way goes on stopping in the background.
    pub async fn shutdown(mut self) {
        if let Some(running) = self.running.take() {
            let (done, is_done) = oneshot::channel();
            let thread = std::thread::spawn(move || {
                running.stop_all();
                done.send(()).ok();
            });
            is_done.await.ok();
            thread.join().ok(); // it has nothing left to do
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // A runtime may not be waited for on a thread of another one.
            std::thread::spawn(move || running.stop_all()).join().ok();
        }
    }
}

impl Running {
    fn stop_all(self) {
        let Running { runtime, stop, accepting, node, told } = self;
        // While the folder is still locked: whoever starts on it next writes its own.
        let between = Between::stops(&node.settings.data);
        presence::remove(&node.settings.data);
        drop(told);
        stop.send_replace(true);
        runtime.block_on(accepting).ok();
        node.log.shutdown_and(|| drop(between));
        runtime.shutdown_timeout(LAST_TASKS);
    }
}

struct Started {
    address: SocketAddr,
    node: Arc<Node>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    told: Option<Told>,
}

async fn start(handle: Handle, settings: BrokerSettings, advertised: Option<HostPort>) -> Result<Started, BrokerError> {
    allow_more_files();
    let opening = settings.clone();
    let opened = tokio::task::spawn_blocking(move || {
        Log::open_and(opening.disk.clone(), &opening.data, opening.log.clone(), || Between::starts(&opening.data))
    });
    let (state, log) = opened.await.map_err(|error| BrokerError::NoThreads(io::Error::other(error)))??;
    // What is bound last goes first: the state, before the folder is given up.
    let between = state;
    let listener = match listen(&settings.listen).await {
        Ok(listener) => listener,
        Err(error) => {
            tokio::task::spawn_blocking(move || log.shutdown_and(|| drop(between))).await.ok();
            return Err(error);
        }
    };
    let address = listener
        .local_addr()
        .map_err(|error| BrokerError::AddressUnusable { address: settings.listen.clone(), error })?;
    let told = presence::write(&settings.data, address);
    drop(between);
    let groups = GroupSettings {
        initial_rebalance_delay_ms: u64::from(settings.group_initial_rebalance_delay_ms),
        ..GroupSettings::default()
    };
    let node = Arc::new(Node {
        groups: Groups::restore(groups, OffsetsKept::of(&settings), &log),
        log,
        producer_ids: Mutex::default(),
        in_flight: InFlight::new(settings.limits.in_flight_bytes),
        fetching: Budget::new(settings.limits.fetch_bytes),
        advertised,
        settings,
    });
    let (stop, stopping) = watch::channel(false);
    let accepting = handle.spawn(server::accept(listener, node.clone(), stopping));
    handle.spawn(keep_group_time(node.clone()));
    handle.spawn(stop_with_the_log(node.log.clone(), stop.clone()));
    Ok(Started { address, node, stop, accepting, told })
}

async fn listen(address: &str) -> Result<TcpListener, BrokerError> {
    address::parse(address)?;
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BrokerError::AddressTaken { address: address.to_owned() },
        io::ErrorKind::PermissionDenied => BrokerError::PortNotAllowed { address: address.to_owned() },
        _ => BrokerError::AddressUnusable { address: address.to_owned(), error },
    })
}

async fn keep_group_time(node: Arc<Node>) {
    node.groups.keep_time(&node.log).await;
}

/// A log that has stopped can answer nothing any more: close the port, so that clients notice.
async fn stop_with_the_log(log: Log, stop: watch::Sender<bool>) {
    let mut stopped = log.stopped();
    if let Ok(why) = stopped.wait_for(Option::is_some).await {
        let why = why.as_deref().unwrap_or_default();
        if *stop.borrow() {
            return; // it was told to: nothing went wrong
        }
        tracing::error!(why, "the broker serves no more; start it again once the cause is gone");
        stop.send_replace(true);
    }
}

fn runtime(settings: &BrokerSettings) -> Result<Runtime, BrokerError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.threads.max(1))
        .thread_name("onefold-broker")
        .enable_all()
        .build()
        .map_err(BrokerError::NoThreads)
}

/// Lets the process open as many files as the system allows it to. The usual soft limit of 1,024 is for programs that
/// select(); connections and segments together may need more.
fn allow_more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::debug!("the limit of open files could not be raised");
    }
}
