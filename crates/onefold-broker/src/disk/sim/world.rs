//! What is on the disk: as programs see it now, as it is for sure after a crash, and the changes in between.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A whole disk. Cloning shares the bytes.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub(super) inodes: BTreeMap<u64, Inode>,
    pub(super) now: Tree,
    pub(super) safe: Tree,
    /// Changes of names that no sync has made durable, in order.
    pub(super) names: Vec<NameChange>,
    pub(super) next_inode: u64,
}

/// Whole paths.
pub(super) type Tree = BTreeMap<PathBuf, Entry>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    File(u64),
    Folder,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Inode {
    pub(super) now: Arc<Vec<u8>>,
    pub(super) safe: Arc<Vec<u8>>,
    /// Changes that no sync has made durable, in order.
    pub(super) pending: Vec<Change>,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { at: usize, bytes: Arc<Vec<u8>> },
    Length(usize),
}

#[derive(Debug, Clone)]
pub(super) struct NameChange {
    /// The folder whose sync makes it durable.
    pub(super) folder: PathBuf,
    /// Names that come (with what they name) or go; all of them or none.
    pub(super) entries: Vec<(PathBuf, Option<Entry>)>,
}

impl Change {
    pub(super) fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Write { at, bytes } => {
                let end = at + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*at..end].copy_from_slice(bytes);
            }
            Change::Length(length) => to.resize(*length, 0),
        }
    }
}

pub(super) fn apply_names(tree: &mut Tree, entries: &[(PathBuf, Option<Entry>)]) {
    for (path, entry) in entries {
        match entry {
            Some(entry) => tree.insert(path.clone(), *entry),
            None => tree.remove(path),
        };
    }
}

impl World {
    pub(super) fn entry(&self, path: &Path) -> Option<Entry> {
        // The folder that holds everything is always there.
        if path.parent().is_none() { Some(Entry::Folder) } else { self.now.get(path).copied() }
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        if self.entry(path).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.parent(path)?;
        let inode = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(inode, Inode::default());
        self.change_names(path, vec![(path.to_owned(), Some(Entry::File(inode)))]);
        Ok(inode)
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        self.parent(path)?;
        self.change_names(path, vec![(path.to_owned(), Some(Entry::Folder))]);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let entry = self.entry(from).ok_or(io::ErrorKind::NotFound)?;
        self.change_names(to, vec![(from.to_owned(), None), (to.to_owned(), Some(entry))]);
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        match self.entry(path).ok_or(io::ErrorKind::NotFound)? {
            Entry::Folder if !self.list(path)?.is_empty() => Err(io::ErrorKind::DirectoryNotEmpty.into()),
            _ => {
                self.change_names(path, vec![(path.to_owned(), None)]);
                Ok(())
            }
        }
    }

    pub(super) fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        if self.entry(folder) != Some(Entry::Folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = self.now.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    pub(super) fn sync_dir(&mut self, folder: &Path) {
        let (done, left) = std::mem::take(&mut self.names).into_iter().partition(|change| change.folder == folder);
        let done: Vec<NameChange> = done;
        self.names = left;
        done.iter().for_each(|change| apply_names(&mut self.safe, &change.entries));
    }

    pub(super) fn bytes(&self, inode: u64) -> &[u8] {
        self.inodes.get(&inode).map_or(&[], |inode| &inode.now)
    }

    /// Bytes of all files that have a name.
    pub fn size(&self) -> u64 {
        let files = self.now.values().filter_map(|entry| match entry {
            Entry::File(inode) => Some(self.bytes(*inode).len() as u64),
            Entry::Folder => None,
        });
        files.sum()
    }

    pub(super) fn write(&mut self, inode: u64, at: u64, bytes: &[u8]) {
        self.change(inode, Change::Write { at: at as usize, bytes: Arc::new(bytes.to_vec()) });
    }

    pub(super) fn set_len(&mut self, inode: u64, length: u64) {
        self.change(inode, Change::Length(length as usize));
    }

    pub(super) fn sync(&mut self, inode: u64) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            // Not the bytes that are read now: after a failed sync these were dropped for good.
            let safe = Arc::make_mut(&mut inode.safe);
            inode.pending.drain(..).for_each(|change| change.apply(safe));
        }
    }

    /// What Linux does: the pages count as clean, stay readable, and never reach the disk.
    pub(super) fn fail_sync(&mut self, inode: u64) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            inode.pending.clear();
        }
    }

    fn change(&mut self, inode: u64, change: Change) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            change.apply(Arc::make_mut(&mut inode.now));
            inode.pending.push(change);
        }
    }

    fn change_names(&mut self, path: &Path, entries: Vec<(PathBuf, Option<Entry>)>) {
        apply_names(&mut self.now, &entries);
        let folder = path.parent().unwrap_or(path).to_owned();
        self.names.push(NameChange { folder, entries });
    }

    fn parent(&self, path: &Path) -> io::Result<()> {
        match path.parent().and_then(|parent| self.entry(parent)) {
            Some(Entry::Folder) => Ok(()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
