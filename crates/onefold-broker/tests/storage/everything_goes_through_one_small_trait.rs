//! The disk is reached through `disk::Disk` alone, so that the simulated disk sees every effect there is; and the crate
//! `kafka-protocol` is used behind `wire` alone, never for record batches. Both are absences, so the source itself is read.

use std::fs;
use std::path::{Path, PathBuf};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// The files that have one of these in a line that is no comment, but for those below a path.
fn with_any(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    files(Path::new(SOURCE), &mut all);
    assert!(all.len() > 100, "the source is here");
    let mut found = Vec::new();
    for path in all {
        let name = path.strip_prefix(SOURCE).expect("below it").display().to_string();
        if allowed.iter().any(|allowed| name.starts_with(allowed)) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        found.extend(
            code.filter(|line| words.iter().any(|word| line.contains(word))).map(|line| format!("{name}: {line}")),
        );
    }
    found
}

#[test]
fn no_other_file_touches_the_file_system() {
    // `presence` and `whose` are for commands that look for a running broker and at what it runs on; nothing that is kept
    // depends on them, and `whose` writes nothing.
    let words = ["std::fs", "tokio::fs", "File::", "OpenOptions", "rustix::fs"];
    assert_eq!(with_any(&words, &["disk/real.rs", "presence.rs", "whose.rs"]), Vec::<String>::new());
    assert!(!with_any(&words, &[]).is_empty(), "the search finds what it looks for");
}

#[test]
fn the_codec_stays_behind_wire_and_away_from_batches() {
    assert_eq!(with_any(&["kafka_protocol"], &["wire/"]), Vec::<String>::new());
    assert_eq!(
        with_any(&["RecordBatchDecoder", "RecordBatchEncoder", "kafka_protocol::records"], &[]),
        Vec::<String>::new()
    );
    assert!(!with_any(&["kafka_protocol"], &[]).is_empty(), "the search finds what it looks for");
}
