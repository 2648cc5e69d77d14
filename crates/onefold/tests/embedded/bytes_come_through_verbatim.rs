//! Header names that are not UTF-8, empty values, tombstones: a dead letter has them as they came.

use bytes::Bytes;
use onefold::prelude::*;
use onefold::record::Header;

use crate::produce;

#[tokio::test(flavor = "multi_thread")]
async fn bytes_come_through_verbatim() {
    let data = tempfile::tempdir().unwrap();
    let kafka = Kafka::embedded(data.path()).await.unwrap();
    kafka.create_topic("odd", 1).await.unwrap();
    let mut odd = Record::new("odd", Some(b"\xff\x00k"), Some(b""));
    odd.push_header(Header { name: Bytes::from_static(b"\xffname"), value: None });
    odd.push_header(Header { name: Bytes::from_static(b"n"), value: Some(Bytes::from_static(b"\x00\xfe")) });
    let mut tombstone = odd.clone();
    tombstone.value = None;
    produce(&kafka, [odd.clone(), tombstone.clone()]).await;

    let refuse = Pipeline::from("odd").group("refuse").handle(async |_: Key| Dead("no".into()));
    let table = onefold::run(&kafka, [refuse]).drain(true).await.unwrap();
    assert_eq!(table.rows[0].counters.dead, 2);

    let letters = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let read = Pipeline::from("odd.refuse.dead").group("read").with_state(letters.clone()).handle(
        async |record: Record, State(letters): State<std::sync::Arc<std::sync::Mutex<Vec<Record>>>>| {
            letters.lock().unwrap().push(record);
        },
    );
    onefold::run(&kafka, [read]).drain(true).await.unwrap();
    let letters = letters.lock().unwrap().clone();
    assert_eq!(letters.len(), 2);
    for (letter, record) in letters.iter().zip([odd, tombstone]) {
        assert_eq!((&letter.key, &letter.value), (&record.key, &record.value));
        assert_eq!(letter.headers()[..2], record.headers()[..]);
    }
    kafka.shutdown().await;
}
