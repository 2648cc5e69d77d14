use super::LoadError;
use super::partition::partition_of;
use crate::placeholders::{Fields, Path as FieldPath};
use crate::record::Record;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What must stay as it is while a file is being loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub digest: String,
    pub lines: u64,
}

/// One line and where it belongs.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1, empty ones counted too, as editors do.
    pub number: u64,
    pub value: Vec<u8>,
    pub key: Option<Vec<u8>>,
    pub partition: i32,
}

impl Summary {
    pub fn of(path: &Path) -> Result<Summary, LoadError> {
        let (mut hash, mut lines) = (blake3::Hasher::new(), 0);
        each(path, |_, text, raw| {
            hash.update(raw);
            lines += u64::from(!text.is_empty());
            Ok(())
        })?;
        Ok(Summary::new(&hash, lines))
    }

    fn new(hash: &blake3::Hasher, lines: u64) -> Summary {
        Summary { digest: hash.finalize().to_hex()[..32].to_owned(), lines }
    }
}

/// Calls `take` for each line that is not empty, in order. Returns what the lines add up to as they were read now.
pub(super) fn each_line(
    path: &Path,
    key: Option<&FieldPath>,
    partitions: i32,
    mut take: impl FnMut(Line) -> Result<(), LoadError>,
) -> Result<Summary, LoadError> {
    let (mut hash, mut lines) = (blake3::Hasher::new(), 0);
    each(path, |number, text, raw| {
        hash.update(raw);
        if text.is_empty() {
            return Ok(());
        }
        lines += 1;
        let key = key.and_then(|path| key_of(path, text));
        // Without a key any partition will do, but it must be the same one when the load goes on.
        let spread = || (number % u64::from(partitions.unsigned_abs().max(1))) as i32;
        let partition = key.as_ref().map_or_else(spread, |key| partition_of(key, partitions));
        take(Line { number, value: text.to_vec(), key, partition })
    })?;
    Ok(Summary::new(&hash, lines))
}

fn key_of(path: &FieldPath, text: &[u8]) -> Option<Vec<u8>> {
    let record = Record::new("", None, Some(text));
    let key = Fields::of(&record).text(path).ok()??;
    Some(key.into_owned().into_bytes())
}

/// Each line's number, its text without a line end, and its bytes with it.
fn each(path: &Path, mut take: impl FnMut(u64, &[u8], &[u8]) -> Result<(), LoadError>) -> Result<(), LoadError> {
    let unreadable = |why| LoadError::File { path: path.to_owned(), why };
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(unreadable)?);
    let (mut raw, mut number) = (vec![], 0);
    while file.read_until(b'\n', &mut raw).map_err(unreadable)? > 0 {
        number += 1;
        let text = raw.strip_suffix(b"\n").unwrap_or(&raw);
        take(number, text.strip_suffix(b"\r").unwrap_or(text), &raw)?;
        raw.clear();
    }
    Ok(())
}
