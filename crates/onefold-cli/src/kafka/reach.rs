//! Whether anybody listens, said within seconds: librdkafka would go on trying in silence.

use crate::exit::{Done, Failure};
use std::time::Duration;
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(4);

/// Connects to the first of the addresses that answers.
pub async fn reach(servers: &str, hint: &str) -> Done {
    let mut reasons = vec![];
    for server in servers.split(',').map(str::trim).filter(|server| !server.is_empty()) {
        match tokio::time::timeout(LIMIT, TcpStream::connect(with_port(server))).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(why)) => reasons.push(format!("{server}: {}", plainly(&why))),
            Err(_) => reasons.push(format!("{server}: no answer within {} s", LIMIT.as_secs())),
        }
    }
    Err(Failure::failed(format!(
        "no broker at {} ({hint})\n  \
         to fix         start one: onefold broker\n  \
         or             say where it is: --bootstrap HOST:PORT",
        if reasons.is_empty() { "an empty address".to_owned() } else { reasons.join("; ") },
    )))
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
