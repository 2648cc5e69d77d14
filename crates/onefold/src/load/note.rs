//! What is kept beside the data about a load: written whole, synced, renamed into place.

use super::LoadError;
use super::landed::Cluster;
use crate::settings::LoadSettings;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub digest: String,
    pub cluster: String,
    pub topic: String,
    /// How many partitions lines are spread over: fixed for this load, even if the topic grows.
    pub partitions: i32,
    /// Per partition: the last line known to be there (0 for none), and the offset after its record.
    pub reached: Vec<Reached>,
    pub done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    pub line: u64,
    pub offset: i64,
}

impl Note {
    pub fn new(digest: &str, topic: &str, cluster: &Cluster) -> Note {
        let reached = cluster.ends.iter().map(|end| Reached { line: 0, offset: *end });
        Note {
            digest: digest.to_owned(),
            cluster: cluster.id.clone(),
            topic: topic.to_owned(),
            partitions: cluster.ends.len() as i32,
            reached: reached.collect(),
            done: false,
        }
    }

    pub fn read(path: &Path) -> Result<Option<Note>, LoadError> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|why| unkept(path, why.into())),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(unkept(path, why)),
        }
    }

    /// Whether this note is about this file, this cluster and this topic.
    pub fn check(&self, settings: &LoadSettings, digest: &str, cluster: &Cluster) -> Result<(), LoadError> {
        let (note, topic) = (settings.progress.display().to_string(), self.topic.clone());
        if self.cluster != cluster.id {
            return Err(LoadError::OtherCluster { topic, old: self.cluster.clone(), new: cluster.id.clone(), note });
        }
        if self.digest != digest {
            return Err(LoadError::Changed { file: settings.file.display().to_string(), topic, note });
        }
        let shorter = self.reached.len() > cluster.ends.len()
            || self.reached.iter().zip(&cluster.ends).any(|(reached, end)| reached.offset > *end);
        if shorter { Err(LoadError::OtherTopic { topic, note }) } else { Ok(()) }
    }

    pub fn write(&self, path: &Path) -> Result<(), LoadError> {
        replace(path, &serde_json::to_vec_pretty(self).unwrap_or_default()).map_err(|why| unkept(path, why))
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path, "new");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Held while loading: two loads of one file would both find the same lines missing.
pub(super) fn lock(path: &Path) -> Result<File, LoadError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|why| unkept(path, why))?;
    }
    let lock = beside(path, "lock");
    let file = File::options().create(true).append(true).open(&lock).map_err(|why| unkept(&lock, why))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LoadError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(why)) => Err(unkept(&lock, why)),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn unkept(path: &Path, why: io::Error) -> LoadError {
    LoadError::Note { path: path.to_owned(), why }
}
