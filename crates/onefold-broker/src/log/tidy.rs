//! At a start: segments against what checkpoint and journal say they are, and files that belong to nobody.

use super::partition::PartitionLog;
use super::partitions::Partitions;
use super::{OpenError, lock};
use crate::disk::Disk;
use crate::segment::{file_name, folder_name, parse_file_name, parse_folder_name};
use onefold_broker_core::State;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Every segment that holds records which can be read is there and long enough. Changes nothing on the disk: what says
/// that others may go is not proven durable yet.
pub(super) fn check_segments(
    disk: &dyn Disk,
    folder: &Path,
    partitions: &Partitions,
    state: &State,
) -> Result<(), OpenError> {
    for partition in partitions.all() {
        // A deleted topic's files, and those below the log's start, may have gone after the checkpoint that names them.
        let Some(log_start) = state.partition(partition.at).map(|partition| partition.log_start()) else { continue };
        let folder = folder.join(folder_name(partition.at));
        let mut segments = lock(&partition.segments);
        segments.forget_below(log_start);
        let there = if segments.all().is_empty() { BTreeSet::new() } else { names(disk, &folder)? };
        for segment in segments.all() {
            if !there.contains(&file_name(segment.base_offset)) {
                let path = folder.join(file_name(segment.base_offset));
                return Err(OpenError::Corrupt { path, position: 0, why: "the segment is missing".into() });
            }
        }
        if let Some(last) = segments.all().last() {
            check_length(disk, &folder.join(file_name(last.base_offset)), last.bytes)?;
        }
    }
    Ok(())
}

/// Removes what the last start had no time for: folders of deleted topics, segments that were written after the
/// checkpoint (the journal has their batches) or lie below the log's start.
pub(super) fn remove_strangers(
    disk: &dyn Disk,
    folder: &Path,
    partitions: &Partitions,
    state: &State,
) -> Result<(), OpenError> {
    for name in names(disk, folder)? {
        let Some(at) = parse_folder_name(&name) else { continue };
        let inside = folder.join(&name);
        let partition = state.partition(at).and_then(|_| partitions.get(at));
        let removed = remove_files(disk, &inside, partition.as_deref());
        removed.map_err(|error| OpenError::io(&inside, error))?;
        if state.partition(at).is_none() {
            disk.remove_dir(&inside).map_err(|error| OpenError::io(&inside, error))?;
        }
    }
    Ok(())
}

/// Removes the files that are not the partition's; all of them without one.
fn remove_files(disk: &dyn Disk, folder: &Path, partition: Option<&PartitionLog>) -> io::Result<()> {
    let kept: BTreeSet<i64> = partition.map_or(BTreeSet::new(), |partition| {
        lock(&partition.segments).all().iter().map(|segment| segment.base_offset).collect()
    });
    for name in disk.list(folder)? {
        if parse_file_name(&name).is_some_and(|base| !kept.contains(&base)) {
            disk.remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// The names in a folder; none when there is no such folder.
fn names(disk: &dyn Disk, folder: &Path) -> Result<BTreeSet<String>, OpenError> {
    match disk.list(folder) {
        Ok(names) => Ok(names.into_iter().collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(OpenError::io(folder, error)),
    }
}

/// What follows the bytes that count is left: it is written over, with the same bytes.
fn check_length(disk: &dyn Disk, path: &Path, bytes: u64) -> Result<(), OpenError> {
    let length = disk.open(path).and_then(|file| file.length()).map_err(|error| OpenError::io(path, error))?;
    if length >= bytes {
        return Ok(());
    }
    let why = format!("it has {length} bytes, the checkpoint says that {bytes} were durable");
    Err(OpenError::Corrupt { path: path.to_owned(), position: length, why })
}
