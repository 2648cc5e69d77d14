//! Whether anybody listens and lets us in, said within seconds: librdkafka would go on trying in silence.

use super::PATIENCE;
use super::probe::{self, Stranger};
use crate::exit::{Done, Failure, OrFailed};
use onefold::log::kafka::admin::has_controller;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, ClientContext};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(4);

/// Connects to the first of the addresses that answers, and hears from the cluster who it is: its id.
pub async fn reach(client: &ClientConfig, servers: &str, hint: &str, remedy: &str) -> Done<String> {
    Ok(try_once(client, servers, (hint, remedy), Limits::ONLY).await?)
}

/// Why a cluster was not reached.
enum Unreached {
    /// Nobody is there, or not yet: the same may be reached in a while.
    Away(Failure),
    /// A certificate or a password is not taken, or it is no Kafka: trying again would change nothing.
    Refused(Failure),
    /// It is there, by this id, and names no controller: at the moment, or, as some services do, never.
    Headless(String, Failure),
}

/// How long one try may take: to connect and to have a first answer, and to be let in.
#[derive(Debug, Clone, Copy)]
struct Limits {
    connect: Duration,
    /// To have a first answer, of one that may be slow.
    answer: Duration,
    ask: Duration,
    /// Whether it is to name a controller: one that names none has elected none, and makes no topics.
    controller: bool,
}

impl Limits {
    const ONLY: Limits = Limits { connect: LIMIT, answer: PATIENCE, ask: PATIENCE, controller: false };
    /// Of several; why more are needed is said soon.
    const FIRST: Limits = Limits { answer: LIMIT, controller: true, ..Limits::ONLY };

    /// Of one of several, with so much time left.
    fn of(left: Duration) -> Limits {
        let [answer, ask] = [AGAIN, LIMIT].map(|least| left.clamp(least, PATIENCE));
        Limits { connect: left.clamp(AGAIN, LIMIT), answer, ask, controller: true }
    }
}

impl From<Unreached> for Failure {
    fn from(why: Unreached) -> Failure {
        match why {
            Unreached::Away(why) | Unreached::Refused(why) | Unreached::Headless(_, why) => why,
        }
    }
}

/// As [`reach`], for a cluster that may be started at the same time as who asks: tried again until `patience` is over.
/// `away` hears once why it is waited for. A controller is waited for as long, and then done without: what needs one fails by
/// itself.
pub async fn reach_in_time(
    client: &ClientConfig,
    servers: &str,
    (hint, remedy): (&str, &str),
    patience: Duration,
    away: impl FnOnce(&str),
) -> Done<String> {
    let (began, mut away, mut limits) = (Instant::now(), Some(away), Limits::FIRST);
    loop {
        match try_once(client, servers, (hint, remedy), limits).await {
            Ok(cluster) => return Ok(cluster),
            Err(Unreached::Away(why) | Unreached::Headless(_, why)) if began.elapsed() < patience => {
                if let Some(away) = away.take() {
                    away(why.text().lines().next().unwrap_or_default());
                }
                tokio::time::sleep(AGAIN.min(patience.saturating_sub(began.elapsed()))).await;
                limits = Limits::of(patience.saturating_sub(began.elapsed()));
            }
            Err(Unreached::Headless(cluster, why)) => {
                let why = why.text().lines().next().unwrap_or_default().to_owned();
                tracing::warn!("{why}: goes on without one, which makes no topics");
                return Ok(cluster);
            }
            Err(why) => return Err(why.into()),
        }
    }
}

const AGAIN: Duration = Duration::from_millis(500);

async fn try_once(
    client: &ClientConfig,
    servers: &str,
    (hint, remedy): (&str, &str),
    limits: Limits,
) -> Result<String, Unreached> {
    // What speaks TLS is asked by librdkafka alone, which knows the certificates.
    let is_plain = !client.get("security.protocol").is_some_and(|protocol| protocol.to_lowercase().contains("ssl"));
    connect(servers, (hint, remedy), limits, is_plain).await?;
    let (client, servers, hint) = (client.clone(), servers.to_owned(), hint.to_owned());
    let asked = tokio::task::spawn_blocking(move || ask(&client, &servers, &hint, limits));
    asked.await.or_failed("asking the cluster broke off").map_err(Unreached::Refused)?
}

/// Whether it is Kafka that listens there. A slow one is asked a second time, and nothing else: what a server of lines waits
/// for, Kafka hangs up at.
async fn asked(stream: TcpStream, server: &str, limits: Limits) -> Result<(), Stranger> {
    match probe::ask(stream, limits.connect).await {
        Err(Stranger::Silent) if limits.answer > limits.connect => {
            let again = TcpStream::connect(with_port(server)).await.map_err(|_| Stranger::Silent)?;
            probe::ask_patiently(again, limits.answer - limits.connect).await
        }
        answered => answered,
    }
}

/// Until one of the addresses answers as Kafka does; where that cannot be asked, until one is listened at.
async fn connect(servers: &str, (hint, remedy): (&str, &str), limits: Limits, is_plain: bool) -> Result<(), Unreached> {
    let (mut reasons, mut stranger, limit) = (vec![], None, limits.connect);
    for server in servers.split(',').map(str::trim).filter(|server| !server.is_empty()) {
        match tokio::time::timeout(limit, TcpStream::connect(with_port(server))).await {
            Ok(Ok(_)) if !is_plain => return Ok(()),
            Ok(Ok(stream)) => match asked(stream, server, limits).await {
                Ok(()) => return Ok(()),
                Err(found) => stranger = stranger.or(Some((server, found))),
            },
            Ok(Err(why)) => reasons.push(format!("{server}: {}", plainly(&why))),
            Err(_) => reasons.push(format!("{server}: no answer within {limit:.1?}")),
        }
    }
    match stranger {
        // Where nobody listens yet at another address, that may be the one.
        Some((server, found)) if reasons.is_empty() && !found.may_change() => {
            Err(Unreached::Refused(no_kafka(server, &found, (hint, remedy), limits.answer)))
        }
        Some((server, found)) => Err(Unreached::Away(no_kafka(server, &found, (hint, remedy), limits.answer))),
        None => {
            let at = if reasons.is_empty() { "an empty address".to_owned() } else { reasons.join("; ") };
            // A broker that is started here would not be found under a name that nobody knows.
            let is_unknown = !reasons.is_empty() && reasons.iter().all(|why| why.contains("failed to lookup"));
            let ways = match is_unknown {
                true => format!("to fix         mend the name, or {remedy}"),
                false => format!("to fix         start one: onefold broker\n  or             {remedy}"),
            };
            Err(Unreached::Away(Failure::failed(format!("no broker at {at} ({hint})\n  {ways}"))))
        }
    }
}

/// Somebody listens there, who is no broker or wants to be asked in another way.
fn no_kafka(server: &str, found: &Stranger, (hint, remedy): (&str, &str), limit: Duration) -> Failure {
    let tls = "where it speaks TLS, a file says so: [kafka.tls]";
    let ways = match found {
        Stranger::Tls => format!("to fix         {tls}\n  or             {remedy}"),
        Stranger::Closed => format!("to fix         {remedy}\n  or             {tls}"),
        _ => format!("to fix         {remedy}"),
    };
    Failure::failed(format!("what listens at {server} {} ({hint})\n  {ways}", found.told(limit)))
}

/// What librdkafka had to complain about: the last error, and the last line of its log, since of a listener that only
/// hangs up it tells nowhere else.
#[derive(Clone, Default)]
struct Complaints {
    error: Arc<Mutex<Option<(KafkaError, String)>>>,
    logged: Arc<Mutex<Option<String>>>,
}

impl ClientContext for Complaints {
    fn error(&self, error: KafkaError, reason: &str) {
        let mut last = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        // That all brokers are down is told after the reason for it.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *last = Some((error, reason.to_owned()));
        }
    }

    fn log(&self, _: RDKafkaLogLevel, _: &str, message: &str) {
        *self.logged.lock().unwrap_or_else(PoisonError::into_inner) = Some(message.to_owned());
    }
}

impl ConsumerContext for Complaints {}

impl Complaints {
    fn is_lasting(&self) -> bool {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        let code = error.as_ref().and_then(|(error, _)| error.rdkafka_error_code());
        matches!(code, Some(RDKafkaErrorCode::SSL | RDKafkaErrorCode::Authentication))
    }

    fn last(&self) -> String {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        let logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let said = error.as_ref().map(|(_, reason)| reason.clone()).or(logged.clone());
        said.unwrap_or_else(|| "it does not answer as Kafka does".to_owned())
    }
}

/// Ends at once where a certificate or a password is not taken.
fn ask(client: &ClientConfig, servers: &str, hint: &str, limits: Limits) -> Result<String, Unreached> {
    let complaints = Complaints::default();
    let mut client = client.clone();
    client.set_log_level(RDKafkaLogLevel::Info);
    let consumer: BaseConsumer<Complaints> = client
        .create_with_context(complaints.clone())
        .or_failed("cannot set up a Kafka client")
        .map_err(Unreached::Refused)?;
    let began = Instant::now();
    loop {
        if let Some(cluster) = consumer.client().fetch_cluster_id(Duration::from_millis(100)) {
            return match limits.controller && !has_controller(consumer.client(), limits.ask) {
                true => Err(Unreached::Headless(cluster, no_controller(servers, hint))),
                false => Ok(cluster),
            };
        }
        // Complaints are heard only while it is polled.
        let _ = consumer.poll(Duration::ZERO);
        if complaints.is_lasting() || began.elapsed() > limits.ask {
            let why = complaints.last();
            let hint = match complaints.is_lasting() {
                true => hint.to_owned(),
                false => format!("{hint}; if it takes TLS or passwords, a file's [kafka.tls] and [kafka.sasl] say so"),
            };
            let failure = Failure::failed(format!("{servers} listens, but does not let us in ({hint}): {why}"));
            return Err(if complaints.is_lasting() { Unreached::Refused(failure) } else { Unreached::Away(failure) });
        }
    }
}

fn no_controller(servers: &str, hint: &str) -> Failure {
    Failure::failed(format!("the cluster at {servers} has no controller at the moment ({hint})"))
}

fn with_port(server: &str) -> String {
    let server = server.rsplit_once("://").map_or(server, |(_, address)| address);
    let has_port = server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { server.to_owned() } else { format!("{server}:9092") }
}

fn plainly(why: &std::io::Error) -> String {
    match why.kind() {
        std::io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
        _ => why.to_string(),
    }
}
