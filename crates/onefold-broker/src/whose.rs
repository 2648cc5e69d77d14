//! Whose a data folder is, for those who do not open it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use onefold_broker_core::TopicId;

use crate::checkpoint::{self, Checkpoint};
use crate::journal::{BLOCK, Header, Identity, file_name, parse_name};

/// Once more, where a first checkpoint was written and journal files went while this looked.
const LOOKS: usize = 2;

/// The id of the cluster that is in this folder, as clients see it, whether its broker runs or not. `None`: no broker was
/// ever started on it. Locks nothing and writes nothing.
///
/// # Errors
/// Whatever the disk says, but for a folder that is not there.
pub fn cluster_of(data: &Path) -> io::Result<Option<String>> {
    for _ in 0..LOOKS {
        let found = match in_checkpoint(data)? {
            Some(identity) => Some(identity),
            None => in_journal(&data.join("journal"))?,
        };
        if let Some(identity) = found {
            return Ok(Some(TopicId(identity.cluster_id).to_string()));
        }
    }
    Ok(None)
}

fn in_checkpoint(data: &Path) -> io::Result<Option<Identity>> {
    match fs::read(data.join(checkpoint::NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => Ok(Checkpoint::decode(bytes?.into()).ok().map(|checkpoint| checkpoint.identity)),
    }
}

/// Until there is a checkpoint, no file of the journal goes: the newest that was begun says it.
fn in_journal(journal: &Path) -> io::Result<Option<Identity>> {
    let entries = match fs::read_dir(journal) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut sequences = vec![];
    for entry in entries {
        sequences.extend(entry?.file_name().to_str().and_then(parse_name));
    }
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    for sequence in sequences {
        let mut block = Vec::with_capacity(BLOCK as usize);
        match File::open(journal.join(file_name(sequence))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?.take(BLOCK).read_to_end(&mut block)?,
        };
        if let Ok(header) = Header::decode(&block, sequence) {
            return Ok(Some(header.identity));
        }
    }
    Ok(None)
}
