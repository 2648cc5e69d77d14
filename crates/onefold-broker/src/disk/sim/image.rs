//! What a crash leaves: the durable state, and some of what was on its way.

use super::world::{Change, Entry, Inode, World, apply_names};
use fastrand::Rng;
use std::path::Path;
use std::sync::Arc;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What becomes of everything that was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The process is killed; the machine goes on, and so does what it has in memory.
    Nothing,
    /// The power goes, just after everything was written.
    Memory,
    /// The power goes, and nothing had been written.
    All,
    /// The power goes; of each file's and folder's changes the first few had been written.
    Suffix,
    /// The power goes; any changes had been written, and of each any sectors; some sectors are torn.
    Any,
}

impl World {
    /// The disk after a crash.
    pub fn crash(&self, lost: Lost, rng: &mut Rng) -> World {
        let mut world = self.clone();
        if lost == Lost::Nothing {
            return world;
        }
        // Names: all changes are on one list, so that a prefix of them is what a journaling file system leaves.
        let keep = rng.usize(..=self.names.len());
        world.now = self.safe.clone();
        for (index, change) in self.names.iter().enumerate() {
            let kept = match lost {
                Lost::Nothing | Lost::Memory => true,
                Lost::All => false,
                Lost::Suffix => index < keep,
                Lost::Any => rng.bool(),
            };
            if kept {
                apply_names(&mut world.now, &change.entries);
            }
        }
        let reachable = world.now.clone();
        world.now.retain(|path, _| path.parent().is_none_or(|parent| is_folder(&reachable, parent)));
        world.names.clear();
        world.safe = world.now.clone();
        for inode in world.inodes.values_mut() {
            *inode = crash_file(inode, lost, rng);
        }
        world
    }
}

fn is_folder(tree: &super::world::Tree, path: &Path) -> bool {
    path.parent().is_none() || tree.get(path) == Some(&Entry::Folder)
}

fn crash_file(inode: &Inode, lost: Lost, rng: &mut Rng) -> Inode {
    let mut bytes = inode.safe.clone();
    if !inode.pending.is_empty() && lost != Lost::All {
        let bytes = Arc::make_mut(&mut bytes);
        let keep = rng.usize(..=inode.pending.len());
        for (index, change) in inode.pending.iter().enumerate() {
            match lost {
                Lost::Suffix if index >= keep => break,
                Lost::Any => tear(change, bytes, rng),
                _ => change.apply(bytes),
            }
        }
    }
    Inode { now: bytes.clone(), safe: bytes, pending: Vec::new() }
}

/// Writes some sectors of a change.
fn tear(change: &Change, to: &mut Vec<u8>, rng: &mut Rng) {
    let Change::Write { at, bytes } = change else {
        return if rng.bool() {
            change.apply(to)
        };
    };
    // The length may have come without the data.
    if rng.bool() && to.len() < at + bytes.len() {
        to.resize(at + bytes.len(), 0);
    }
    let (most, garbage) = (rng.u8(..), rng.u8(..8) == 0);
    let mut from = 0;
    while from < bytes.len() {
        let end = ((at + from) / SECTOR + 1) * SECTOR - at;
        let end = end.min(bytes.len());
        if rng.u8(..) <= most {
            let part = match garbage && rng.u8(..4) == 0 {
                true => vec![0xA5; end - from],
                false => bytes[from..end].to_vec(),
            };
            Change::Write { at: at + from, bytes: Arc::new(part) }.apply(to);
        }
        from = end;
    }
}
