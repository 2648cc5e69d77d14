//! Addresses as users write them.

use crate::broker::BrokerError;

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
