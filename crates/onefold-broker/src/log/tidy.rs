//! At a start: segments against what checkpoint and journal say they are, and files that belong to nobody.

use super::partitions::Partitions;
use super::{OpenError, lock};
use crate::disk::Disk;
use crate::segment::{file_name, folder_name, parse_file_name, parse_folder_name};
use onefold_broker_core::State;
use std::collections::HashSet;
use std::io;
use std::path::Path;

/// Every segment that holds records which can be read is there and long enough. What a crash has left behind it is cut
/// off or removed: it is in the journal too, and will be written again.
pub(super) fn check_segments(disk: &dyn Disk, folder: &Path, partitions: &Partitions) -> Result<(), OpenError> {
    for partition in partitions.all() {
        let folder = folder.join(folder_name(partition.at));
        let mut segments = lock(&partition.segments);
        // Files below the log's start may have been removed already, after the checkpoint that still names them.
        segments.forget_below(partition.log_start());
        let kept: HashSet<String> = segments.all().iter().map(|segment| file_name(segment.base_offset)).collect();
        let there: HashSet<String> = match disk.list(&folder) {
            Ok(names) => names.into_iter().collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashSet::new(),
            Err(error) => return Err(OpenError::io(folder, error)),
        };
        if let Some(missing) = kept.iter().find(|name| !there.contains(*name)) {
            let path = folder.join(missing);
            return Err(OpenError::Corrupt { path, position: 0, why: "the segment is missing".into() });
        }
        if let Some(last) = segments.all().last() {
            cut(disk, &folder.join(file_name(last.base_offset)), last.bytes)?;
        }
        for name in there.iter().filter(|name| parse_file_name(name).is_some() && !kept.contains(*name)) {
            disk.remove(&folder.join(name)).map_err(|error| OpenError::io(folder.join(name), error))?;
        }
    }
    Ok(())
}

/// Removes the folders of topics that the state does not know: deleted, but not yet removed when the last start ended.
pub(super) fn remove_strangers(disk: &dyn Disk, folder: &Path, state: &State) -> Result<(), OpenError> {
    let failed = |error| OpenError::io(folder, error);
    for name in disk.list(folder).map_err(failed)? {
        let Some(at) = parse_folder_name(&name) else { continue };
        if state.partition(at).is_some() {
            continue;
        }
        let partition = folder.join(&name);
        for file in disk.list(&partition).map_err(failed)? {
            disk.remove(&partition.join(file)).map_err(failed)?;
        }
        disk.remove_dir(&partition).map_err(failed)?;
    }
    Ok(())
}

fn cut(disk: &dyn Disk, path: &Path, bytes: u64) -> Result<(), OpenError> {
    let failed = |error| OpenError::io(path, error);
    let file = disk.open(path).map_err(failed)?;
    let length = file.length().map_err(failed)?;
    if length < bytes {
        let why = format!("it has {length} bytes, the checkpoint says that {bytes} were durable");
        return Err(OpenError::Corrupt { path: path.to_owned(), position: length, why });
    }
    if length > bytes { file.set_len(bytes).map_err(failed) } else { Ok(()) }
}
