//! Addresses to listen at: an IP address and a port.

use super::problem::{Fix, Problem};
use super::reader::{Located, Reader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Notes what is no address; `usual` is the port that this kind of listener has in examples.
pub(super) fn read(table: &Reader<'_>, listen: &Located<String>, usual: u16) -> Option<SocketAddr> {
    if let Ok(address) = listen.parse() {
        return Some(address);
    }
    let what =
        format!("{}.listen: \"{}\" is no address and port, such as \"127.0.0.1:{usual}\"", table.path, listen.value);
    let meant = format!("\"{}\"", meant(&listen.value, usual));
    let fix = Fix::replace(table.found.source, listen.span.clone(), meant);
    table.problem(Problem::new(listen.span.clone(), what).fix(fix));
    None
}

/// What was probably meant: names of this machine, a port alone, an address alone, an URL.
fn meant(written: &str, usual: u16) -> SocketAddr {
    let bare = written.rsplit_once("://").map_or(written, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or_default().trim();
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) if bare.parse::<IpAddr>().is_err() => (host, port),
        _ if bare.parse::<u16>().is_ok() => ("", bare),
        _ => (bare, ""),
    };
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let ip = host.trim_matches(['[', ']']).parse().unwrap_or(here);
    SocketAddr::new(ip, port.parse().unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn what_is_probably_meant_is_an_address() {
        for (written, expected) in [
            ("localhost:8085", "127.0.0.1:8085"),
            ("8085", "127.0.0.1:8085"),
            (":8085", "127.0.0.1:8085"),
            ("127.0.0.1", "127.0.0.1:1"),
            ("10.0.0.7:99999", "10.0.0.7:1"),
            ("http://localhost:8085/receipts", "127.0.0.1:8085"),
            ("::1", "[::1]:1"),
            ("[::1]:80", "[::1]:80"),
            ("", "127.0.0.1:1"),
        ] {
            assert_eq!(meant(written, 1).to_string(), expected, "{written}");
        }
    }
}
