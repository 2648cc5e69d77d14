//! The files in a data folder by which other processes find a running broker, and hear that one starts or stops.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// Within the data folder; holds `host:port`, and is locked by the broker that wrote it for as long as that one lives.
/// What a kill or a copy of the folder leaves behind is locked by nobody: somebody else may listen there by now.
const FILE: &str = "address";
/// Beside it while a broker has the folder and does not serve; locked as the address is. Holds one of two words.
const STATE: &str = "state";
const STARTS: &str = "starting";
const STOPS: &str = "stopping";
/// Locked and written under a name with this first: under its own it is never there without its lock.
const NEW: &str = ".new";
/// No address has more bytes.
const LONGEST: u64 = 256;

/// Whether a broker runs on a folder, in whichever process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Nobody,
    /// It has the folder, and recovers what its journal holds: it does not serve yet.
    Starts,
    Serves(SocketAddr),
    /// It serves no more, and has the folder until its last checkpoint is written.
    Stops,
}

/// Whether a broker runs on this folder now, and where. Writes nothing.
///
/// # Errors
/// Whatever the system says, but for a folder or file that is not there: it does not say that nobody runs on it.
pub fn presence(data: &Path) -> io::Result<Presence> {
    if let Some(address) = serves(data)? {
        return Ok(Presence::Serves(address));
    }
    Ok(match held(&data.join(STATE))?.as_deref() {
        Some(STARTS) => Presence::Starts,
        Some(_) => Presence::Stops,
        // Looked at once more: it may have begun to serve between the two looks.
        None => serves(data)?.map_or(Presence::Nobody, Presence::Serves),
    })
}

fn serves(data: &Path) -> io::Result<Option<SocketAddr>> {
    let path = data.join(FILE);
    let Some(text) = held(&path)? else { return Ok(None) };
    let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no address", path.display()));
    text.parse().map(Some).map_err(wrong)
}

/// What a broker that lives wrote there.
fn held(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    // Taken for a moment where nobody has it, which is in nobody's way: a broker never locks a file that is there.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(rustix::io::Errno::WOULDBLOCK) => {}
        other => return other.map(|()| None).map_err(Into::into),
    }
    let mut text = String::new();
    (&file).take(LONGEST).read_to_string(&mut text)?;
    Ok(Some(text.trim().to_owned()))
}

/// That it starts, or stops, in its folder; there until this is dropped or the process ends. Only for who has the folder.
pub(crate) struct Between {
    data: PathBuf,
    /// Holds the lock.
    _file: Option<File>,
}

impl Between {
    pub(crate) fn starts(data: &Path) -> Between {
        Between::new(data, STARTS)
    }

    pub(crate) fn stops(data: &Path) -> Between {
        Between::new(data, STOPS)
    }

    /// Best effort: without it, commands say that nobody runs there.
    fn new(data: &Path, what: &str) -> Between {
        Between { data: data.to_owned(), _file: tell(data, STATE, what).ok() }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        fs::remove_file(self.data.join(STATE)).ok(); // whoever reads a stale one finds it unlocked
    }
}

/// Puts a line into the folder under this name, locked.
fn tell(data: &Path, name: &str, text: &str) -> io::Result<File> {
    let new = data.join(format!("{name}{NEW}"));
    let mut file = File::create(&new)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    writeln!(file, "{text}")?;
    fs::rename(new, data.join(name))?;
    Ok(file)
}

/// The address in its folder; there until this is dropped or the process ends.
pub(crate) struct Told {
    /// Holds the lock.
    _file: File,
}

/// Writes it into a folder that the caller has locked.
pub(crate) fn write(data: &Path, address: SocketAddr) -> Option<Told> {
    let told = tell(data, FILE, &address.to_string()).map(|file| Told { _file: file });
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
    fn an_address_counts_while_the_one_who_wrote_it_lives() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        let here = || presence(folder.path()).unwrap();
        assert_eq!(here(), Presence::Nobody);
        let told = write(folder.path(), first);
        assert_eq!(here(), Presence::Serves(first));

        let copy = tempfile::tempdir().unwrap();
        fs::copy(folder.path().join(FILE), copy.path().join(FILE)).unwrap();
        assert_eq!(presence(copy.path()).unwrap(), Presence::Nobody, "nobody runs on a copy of the folder");

        drop(told); // as a kill does
        assert!(folder.path().join(FILE).exists());
        assert_eq!(here(), Presence::Nobody);
        let _told = write(folder.path(), second);
        assert_eq!(here(), Presence::Serves(second));
    }

    #[test]
    fn a_state_counts_while_the_one_who_wrote_it_lives() {
        let folder = tempfile::tempdir().unwrap();
        let here = || presence(folder.path()).unwrap();
        let starts = Between::starts(folder.path());
        assert_eq!(here(), Presence::Starts);
        let copy = tempfile::tempdir().unwrap();
        fs::copy(folder.path().join(STATE), copy.path().join(STATE)).unwrap();
        assert_eq!(presence(copy.path()).unwrap(), Presence::Nobody, "a killed one's is locked by nobody");
        let told = write(folder.path(), ([127, 0, 0, 1], 1).into());
        assert!(matches!(here(), Presence::Serves(_)));
        drop(starts);
        let stops = Between::stops(folder.path());
        drop(told);
        remove(folder.path());
        assert_eq!(here(), Presence::Stops);
        drop(stops);
        assert_eq!((here(), fs::read_dir(folder.path()).unwrap().count()), (Presence::Nobody, 0));
    }

    #[test]
    fn what_cannot_be_looked_at_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(presence(&file).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        let told = tell(folder.path(), FILE, "no address").unwrap();
        assert_eq!(presence(folder.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        drop(told);
        assert_eq!(presence(folder.path()).unwrap(), Presence::Nobody, "nobody stands for it");
        assert_eq!(presence(&folder.path().join("none")).unwrap(), Presence::Nobody);
    }
}
