//! D4: after an orderly stop the checkpoint says that the journal begins anew. When the file that then took acked records
//! loses its header, it looks like one that was prepared and never used. Its frames still say that they were durable, so
//! the start refuses instead of giving their offsets to other records.

mod support;

use std::fs;
use std::path::Path;

use support::{append, at, create_topic, open, values};

#[tokio::test]
async fn d4_a_lost_header_does_not_pass_for_an_unused_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path()).expect("the log opens");
    create_topic(&log, 1, 1);
    log.shutdown();

    let log = open(folder.path()).expect("the log opens again");
    for n in 0..20 {
        let (_, lsn) = append(&log, at(1, 0), format!("{n}").as_bytes());
        log.wait_durable(lsn).await.expect("it becomes durable");
    }
    // What a kill leaves behind is what is in the files now.
    let killed = tempfile::tempdir().expect("a folder");
    copy(folder.path(), killed.path());
    let damaged = tempfile::tempdir().expect("a folder");
    copy(folder.path(), damaged.path());
    log.shutdown();

    let log = open(killed.path()).expect("the undamaged copy opens");
    assert_eq!(values(&log, at(1, 0), 0).len(), 20);
    log.shutdown();

    let mut hit = 0;
    for entry in fs::read_dir(damaged.path().join("journal")).expect("the journal") {
        let path = entry.expect("an entry").path();
        let mut bytes = fs::read(&path).expect("a journal file");
        // One that was just being made when it was copied may be empty yet.
        if bytes.iter().take(8).any(|byte| *byte != 0) {
            bytes[8] ^= 1;
            fs::write(&path, bytes).expect("it is written back");
            hit += 1;
        }
    }
    assert!(hit > 0, "no file with a header was found");
    let refused = open(damaged.path()).err().expect("acked records would be lost");
    assert!(refused.to_string().contains("durable"), "{refused}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &target),
            false => fs::copy(entry.path(), target).map(|_| ()).expect("a copy"),
        }
    }
}
