//! Done, skipped, retried, dead, repeated, contradicting: where each record ends, and what it leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use onefold::dead_letter::dialect::{CameFrom, Dialect, came_from};
use onefold::prelude::*;
use onefold::testing;

use crate::common::{Folder, add_points, payment, payments};

fn header(letter: &Record, name: &str) -> String {
    String::from_utf8(letter.header(name).unwrap().to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_by_their_producer_are_suppressed_by_id() {
    let folder = Folder::new();
    let twice = payments(100).into_iter().chain(payments(100));
    let ended = testing::run(folder.loyalty_ready().await, twice).await.unwrap();
    assert_eq!((folder.points(), ended.counters.duplicates_id, ended.counters.effects), (100, 100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_goes_to_the_dead_letters_verbatim_and_the_rest_goes_on() {
    let folder = Folder::new();
    let poison = Record::new("payments", Some(b"user-1"), Some(b"\xff not json")).with_header("trace", "t-1");
    let records = payments(50).into_iter().chain([poison.clone()]).chain([payment("last", 1, 100)]);
    let ended = testing::run(folder.loyalty_ready().await, records).await.unwrap();
    assert_eq!((folder.points(), ended.counters.dead), (51, 1));
    let [letter] = &ended.dead_letters[..] else { panic!("{:?}", ended.dead_letters) };
    assert_eq!((&letter.key, &letter.value), (&poison.key, &poison.value));
    assert_eq!(header(letter, "trace"), "t-1");
    assert_eq!(header(letter, "onefold-class"), "poison");
    assert_eq!(came_from(letter).unwrap().topic, "payments");
    assert_eq!(folder.number("SELECT count(*) FROM onefold_dead WHERE letter IS NULL"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_with_another_payload_is_an_error_and_never_skipped() {
    let folder = Folder::new();
    let records = [payment("evt-1", 1, 100), payment("evt-1", 1, 900)];
    let ended = testing::run(folder.loyalty_ready().await, records).await.unwrap();
    assert_eq!((folder.points(), ended.counters.dead, ended.counters.duplicates_id), (1, 1, 0));
    assert_eq!(header(&ended.dead_letters[0], "onefold-class"), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_key_is_retried_and_holds_up_no_other() {
    let tries = Arc::new(AtomicU32::new(0));
    let pipeline = Pipeline::from("payments")
        .with_state(tries.clone())
        .retry(Retry::attempts(5).first(Duration::from_millis(20)))
        .handle(async |Key(key): Key, State(tries): State<Arc<AtomicU32>>| -> Handled {
            if &key[..] == b"user-3" && tries.fetch_add(1, Ordering::SeqCst) < 3 {
                return Err(Failure::transient("not yet"));
            }
            Ok(Done)
        });
    let ended = testing::run(pipeline, payments(70)).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.retried, ended.counters.dead), (70, 3, 0));
    assert_eq!(tries.load(Ordering::SeqCst), 10 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn exhausted_after_all_attempts() {
    let tries = Arc::new(AtomicU32::new(0));
    let pipeline = Pipeline::from("payments")
        .with_state(tries.clone())
        .retry(Retry::attempts(4).first(Duration::from_millis(1)))
        .dead_letter_dialects(&Dialect::ALL)
        .handle(async |State(tries): State<Arc<AtomicU32>>| -> Handled {
            tries.fetch_add(1, Ordering::SeqCst);
            Err(Failure::transient("never"))
        });
    let ended = testing::run(pipeline, [payment("a", 1, 1)]).await.unwrap();
    assert_eq!((tries.load(Ordering::SeqCst), ended.counters.dead), (4, 1));
    let letter = &ended.dead_letters[0];
    assert_eq!((header(letter, "onefold-class"), header(letter, "onefold-attempts")), ("exhausted".into(), "4".into()));
    for dialect in Dialect::ALL {
        let CameFrom { topic, offset, message, .. } = dialect.read(letter).unwrap();
        assert_eq!((topic.as_str(), offset, message.as_deref()), ("payments", 0, Some("never")), "{dialect:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failed_attempt() {
    let tries = Arc::new(AtomicU32::new(0));
    let pipeline = Pipeline::from("payments").with_state(tries).retry(Retry::attempts(2).first(Duration::ZERO)).handle(
        async |State(tries): State<Arc<AtomicU32>>| {
            assert!(tries.fetch_add(1, Ordering::SeqCst) > 0, "the first try");
        },
    );
    let ended = testing::run(pipeline, [payment("a", 1, 1)]).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.retried), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_filter_leaves_out_is_skipped_and_the_position_passes_it() {
    let folder = Folder::new();
    let odd = |record: &Record| match record.offset % 2 {
        0 => onefold::pipeline::filter::FilterVerdict::Take,
        _ => onefold::pipeline::filter::FilterVerdict::Skip,
    };
    let pipeline = folder.loyalty().await.filter(odd).handle(add_points);
    let ended = testing::run(pipeline, payments(60)).await.unwrap();
    assert_eq!(ended.counters.effects + ended.counters.skipped, 60);
    assert_eq!(folder.points(), ended.counters.effects as i64);
    assert_eq!(folder.number("SELECT sum(next_offset) FROM onefold_position"), 60);
    assert_eq!(folder.number("SELECT count(*) FROM onefold_done"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_cannot_end_the_transaction_it_is_lent_nor_touch_our_tables() {
    async fn meddle(Json(event): Json<serde_json::Value>, tx: &mut Tx<Sqlite>) -> Handled {
        let sql = event["id"].as_str().unwrap_or_default().to_owned();
        assert!(tx.execute(&sql, ()).await.is_err(), "{sql} went through");
        Ok(Done)
    }
    let folder = Folder::new();
    let forbidden = ["COMMIT", "ROLLBACK", "SAVEPOINT x", "PRAGMA synchronous=OFF", "DELETE FROM onefold_position"];
    let records: Vec<Record> = forbidden.iter().map(|sql| payment(sql, 1, 1)).collect();
    let ended = testing::run(folder.loyalty().await.handle(meddle), records).await.unwrap();
    assert_eq!((ended.counters.effects, ended.counters.dead), (5, 0), "{ended:?}");
}
