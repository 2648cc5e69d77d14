//! A program without a log learns from what its run returns that records were held back, or that all of them are dead.

use onefold::prelude::*;

use crate::produce;

fn refusing(group: &str) -> Ready {
    Pipeline::from("events").group(group).handle(async |_: Key| Dead("no such user".into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_back_is_said_at_the_end() {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path().join("broker")).await.unwrap();
    kafka.create_topic("events", 1).await.unwrap();
    let record = |nth: u32| Record::new("events", Some(&nth.to_be_bytes()), Some(b"{}"));
    produce(&kafka, (0..3).map(record)).await;
    let table = onefold::run(&kafka, [refusing("few")]).drain(true).await.unwrap();
    let [note] = &table.notes[..] else { panic!("{table}") };
    assert!(
        note.starts_with("all 3 records that few finished in this run are dead: ") && note.ends_with("no such user"),
        "{note}"
    );
    assert!(table.to_string().ends_with(note), "who prints the table sees it: {table}");

    produce(&kafka, (3..60).map(record)).await;
    let (observer, mut seen) = onefold::Observer::channel();
    let is_held = |seen: onefold::Snapshot| seen.paused.is_some_and(|why| why.contains("many keys die of one cause"));
    let paused = async move { while !is_held(seen.recv().await.expect("it runs")) {} };
    let table = onefold::run(&kafka, [refusing("many")]).until(paused).observe(observer).await.unwrap();
    let held = table.notes.iter().find(|note| note.contains("records held back")).unwrap_or_else(|| panic!("{table}"));
    assert!(held.starts_with("many ended with ") && held.contains("many keys die of one cause"), "{held}");
    kafka.shutdown().await;
}
