//! Ids are kept for a time; whether a record from before it has run cannot be told. It runs, or it is dead-lettered, as
//! the pipeline says, and never by chance.

use onefold::pipeline::dedup::{DedupStore, Older};
use onefold::prelude::*;
use onefold::testing;

use crate::common::{Folder, add_points, payment};

/// One of today, one of two months ago, and one of then that has no id.
fn records() -> Vec<Record> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let then = now - 60 * 24 * 60 * 60 * 1000;
    let mut without_id = Record::new("payments", Some(b"user-3"), Some(br#"{"user_id":"user-3","amount":100}"#));
    (without_id.timestamp_ms, without_id.offset) = (Some(then), 0);
    let (mut today, mut old) = (payment("evt-new", 1, 100), payment("evt-old", 2, 100));
    (today.timestamp_ms, old.timestamp_ms) = (Some(now), Some(then));
    vec![today, old, without_id]
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_nothing_is_lost() {
    let folder = Folder::new();
    let pipeline = folder.loyalty().await.dedup(by_event_id()).handle(add_points);
    let said = pipeline.explain(None).to_string();
    assert!(said.contains("more than 30 d old runs, and the log says so"), "{said}");
    let ended = testing::run(pipeline, records()).await.unwrap();
    assert_eq!((folder.points(), ended.dead_letters.len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn or_it_goes_to_the_dead_letters_where_ids_are_in_the_transaction() {
    let folder = Folder::new();
    let pipeline = folder.loyalty().await.dedup(by_event_id().older(Older::DeadLetter)).handle(add_points);
    let said = pipeline.explain(None).to_string();
    assert!(said.contains("more than 30 d old is dead-lettered"), "{said}");
    let ended = testing::run(pipeline, records()).await.unwrap();
    assert_eq!(folder.points(), 2, "the one without an id is known by its place, which no window forgets");
    is_the_old_one(&ended.dead_letters);
}

#[tokio::test(flavor = "multi_thread")]
async fn and_where_they_are_beside() {
    let folder = Folder::new();
    let dedup = by_event_id().store(DedupStore::Sqlite(folder.path())).keep(days(59)).older(Older::DeadLetter);
    let ended = testing::run(Pipeline::from("payments").dedup(dedup).handle(async || {}), records()).await.unwrap();
    assert_eq!(ended.counters.effects, 2);
    is_the_old_one(&ended.dead_letters);
    // With a longer memory it is none of these.
    let dedup = by_event_id().store(DedupStore::Memory).keep(days(61)).older(Older::DeadLetter);
    let ended = testing::run(Pipeline::from("payments").dedup(dedup).handle(async || {}), records()).await.unwrap();
    assert_eq!((ended.counters.effects, ended.dead_letters.len()), (3, 0));
}

fn is_the_old_one(letters: &[Record]) {
    let [letter] = letters else { panic!("{letters:?}") };
    assert!(String::from_utf8_lossy(letter.payload()).contains("evt-old"), "{letter:?}");
    assert_eq!(letter.header("onefold-class").map(|class| &class[..]), Some(&b"window"[..]));
}
