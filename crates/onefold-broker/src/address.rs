//! Addresses as users write them, and the file by which other commands find a running broker.

use std::net::SocketAddr;
use std::path::Path;

use crate::broker::BrokerError;

/// Within the data folder; holds `host:port` while the broker runs. A broker that was killed leaves it behind.
const FILE: &str = "address";

pub(crate) type HostPort = (String, u16);

/// Splits `host:port`; an IPv6 host stands in brackets.
pub(crate) fn parse(address: &str) -> Result<HostPort, BrokerError> {
    let malformed = || BrokerError::AddressMalformed { address: address.to_owned() };
    let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
    let port = port.parse().map_err(|_| malformed())?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err(malformed());
    }
    Ok((host.to_owned(), port))
}

/// The address that a broker on this folder has written, as long as it runs or was killed.
pub fn running_at(data: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(data.join(FILE)).ok()?.trim().parse().ok()
}

pub(crate) fn write(data: &Path, address: SocketAddr) {
    if let Err(error) = std::fs::write(data.join(FILE), format!("{address}\n")) {
        tracing::warn!(%error, "the broker's address could not be written into its folder; commands need --bootstrap");
    }
}

pub(crate) fn remove(data: &Path) {
    std::fs::remove_file(data.join(FILE)).ok(); // whoever reads a stale one finds nobody there
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_split_at_the_port() {
        assert_eq!(parse("127.0.0.1:9092").unwrap(), ("127.0.0.1".into(), 9092));
        assert_eq!(parse("[::1]:0").unwrap(), ("::1".into(), 0));
        for bad in ["", "localhost", ":9092", "localhost:port", "localhost:70000"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
