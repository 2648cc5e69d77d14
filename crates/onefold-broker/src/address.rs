//! Addresses as users write them, and the file by which other commands find a running broker.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::broker::BrokerError;

/// Within the data folder; holds `host:port`, and is locked by the broker that wrote it for as long as that one lives.
/// What a kill or a copy of the folder leaves behind is locked by nobody: somebody else may listen there by now.
const FILE: &str = "address";
/// Locked and written under this name first: under its own it is never there without its lock.
const NEW: &str = "address.new";

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

/// The address of the broker that runs on this folder now, in whichever process.
pub fn running_at(data: &Path) -> Option<SocketAddr> {
    let file = File::open(data.join(FILE)).ok()?;
    let text = io::read_to_string(&file).ok()?;
    // Taken for a moment where nobody has it, which is in nobody's way: a broker never locks a file that is there.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(rustix::io::Errno::WOULDBLOCK) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The address in its folder; there until this is dropped or the process ends.
pub(crate) struct Told {
    /// Holds the lock.
    _file: File,
}

/// Writes it into a folder that the caller has locked.
pub(crate) fn write(data: &Path, address: SocketAddr) -> Option<Told> {
    let tell = || -> io::Result<Told> {
        let mut file = File::create(data.join(NEW))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        writeln!(file, "{address}")?;
        fs::rename(data.join(NEW), data.join(FILE))?;
        Ok(Told { _file: file })
    };
    let told = tell();
    if let Err(error) = &told {
        tracing::warn!(%error, "the broker's address could not be written into its folder; commands need --bootstrap");
    }
    told.ok()
}

pub(crate) fn remove(data: &Path) {
    fs::remove_file(data.join(FILE)).ok(); // whoever reads a stale one finds it unlocked
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

    #[test]
    fn an_address_counts_while_the_one_who_wrote_it_lives() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        assert_eq!(running_at(folder.path()), None);
        let told = write(folder.path(), first);
        assert_eq!(running_at(folder.path()), Some(first));

        let copy = tempfile::tempdir().unwrap();
        fs::copy(folder.path().join(FILE), copy.path().join(FILE)).unwrap();
        assert_eq!(running_at(copy.path()), None, "nobody runs on a copy of the folder");

        drop(told); // as a kill does
        assert!(folder.path().join(FILE).exists());
        assert_eq!(running_at(folder.path()), None);
        let _told = write(folder.path(), second);
        assert_eq!(running_at(folder.path()), Some(second));
    }
}
