//! D1 and D6: what was answered as durable is there after a start, in order, and the leader epoch has risen.

mod support;

use support::{append, at, create_topic, open, values};

#[tokio::test]
async fn d1_acked_batches_survive_a_reopen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected = Vec::new();
    let mut epoch = 0;
    for start in 0..4 {
        let log = open(folder.path()).expect("the log opens");
        let now = log.view(|state, _| state.leader_epoch());
        assert!(now > epoch, "the epoch rises at each start: {epoch}, then {now}");
        epoch = now;
        if start == 0 {
            create_topic(&log, 1, 2);
        }
        assert_eq!(values(&log, at(1, 1), 0), expected);
        for n in 0..100 {
            let value = format!("{start}-{n}").into_bytes();
            let (offset, lsn) = append(&log, at(1, 1), &value);
            assert_eq!(offset, expected.len() as i64);
            log.wait_durable(lsn).await.expect("it becomes durable");
            expected.push(value);
            assert_eq!(log.high_watermark(at(1, 1)), Some(expected.len() as i64));
        }
        log.shutdown();
    }
}

#[tokio::test]
async fn a_folder_in_use_is_refused_and_a_shut_down_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path()).expect("the log opens");
    let refused = open(folder.path()).err().expect("the second is refused");
    assert!(refused.to_string().contains("in use by another broker"), "{refused}");
    log.shutdown();
    assert!(log.sequence(|_, _| ((), None)).is_err(), "a log that was shut down takes nothing");
    open(folder.path()).expect("the folder is free again");
}
