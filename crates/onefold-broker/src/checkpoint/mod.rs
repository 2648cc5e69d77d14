//! The checkpoint: one file that says what all journal records up to an LSN add up to, so that the journal may forget them.
//!
//! The order is everything. Segments and their folders are synced before; then the file is written under another name,
//! synced, renamed, and the folder synced; only then may a journal file be used again. What may not happen here: taking
//! the state apart (it is bytes), or touching the journal.

mod content;
mod table;

pub use content::{Checkpoint, CheckpointError, FORMAT_VERSION};
pub use table::PartitionSegments;

use crate::disk::Disk;
use crate::log::{Defect, Planted};
use std::io::{self, IoSlice};
use std::path::Path;

/// The file's name in the data folder.
pub const NAME: &str = "checkpoint";
const TEMPORARY: &str = "checkpoint.new";

/// Puts the checkpoint in the place of the last one, durably, or leaves that one as it is.
pub fn write(disk: &dyn Disk, folder: &Path, checkpoint: &Checkpoint, defect: Defect) -> io::Result<()> {
    let (temporary, name) = (folder.join(TEMPORARY), folder.join(NAME));
    if disk.exists(&temporary)? {
        disk.remove(&temporary)?;
    }
    let file = disk.create(&temporary)?;
    file.write_at(&[IoSlice::new(&checkpoint.encode())], 0)?;
    if !defect.is(Planted::CheckpointRenamedBeforeSync) {
        file.sync_data()?;
    }
    crate::crash_point!("checkpoint.before_rename");
    disk.rename(&temporary, &name)?;
    crate::crash_point!("checkpoint.renamed");
    if !defect.is(Planted::NoFolderSync) {
        disk.sync_dir(folder)?;
    }
    Ok(())
}

/// Reads the checkpoint; none in a folder without.
pub fn read(disk: &dyn Disk, folder: &Path) -> io::Result<Option<Result<Checkpoint, CheckpointError>>> {
    let path = folder.join(NAME);
    if !disk.exists(&path)? {
        return Ok(None);
    }
    let file = disk.open(&path)?;
    let length = usize::try_from(file.length()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    Ok(Some(Checkpoint::decode(file.read_at(0, length)?.into())))
}
