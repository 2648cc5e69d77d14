//! Produce: each refusal with the code that makes clients do the right thing (gotchas 4 to 8).

use bytes::Bytes;
use kafka_protocol::messages::ProduceRequest;

use crate::common::raw::{fetch_request, only, produce_request};
use crate::common::topics::create_with;
use crate::common::{batch, start};

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_has_its_code() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    create_with(&mut raw, "small", ("max.message.bytes", "1000"));
    create_with(&mut raw, "compacted", ("cleanup.policy", "compact"));
    let good = batch(&["a"]);
    let mut damaged = good.bytes().to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let mut two = good.bytes().to_vec();
    two.extend_from_slice(&good.bytes());
    let at_offset_5 = crate::common::Batch { base_offset: 5, ..good.clone() };
    let control = crate::common::Batch { attributes: 0x20, ..good.clone() };
    let transactional = crate::common::Batch { attributes: 0x10, ..good.clone() }.by(1, 0, 0);
    let unknown_codec = crate::common::Batch { attributes: 6, ..good.clone() };

    let mut new_magic = good.bytes().to_vec();
    new_magic[16] = 3;

    let cases: Vec<(&str, &str, i32, Bytes, i16)> = vec![
        ("no such topic", "missing", 0, good.bytes(), 3),
        ("no such partition", "t", 9, good.bytes(), 3),
        ("no batch", "t", 0, Bytes::new(), 87),
        ("too few bytes for a batch", "t", 0, Bytes::from_static(b"abc"), 87),
        ("a magic from the future", "t", 0, new_magic.into(), 2),
        ("two batches", "t", 0, two.into(), 87),
        ("a base offset", "t", 0, at_offset_5.bytes(), 87),
        ("too large", "small", 0, batch(&[vec![0; 1000]]).bytes(), 10),
        ("a bad checksum", "t", 0, damaged.into(), 2),
        ("a control batch", "t", 0, control.bytes(), 87),
        ("a producer without sequence", "t", 0, good.clone().by(5, 0, -1).bytes(), 87),
        ("a null key in a compacted topic", "compacted", 0, good.bytes(), 87),
        ("a timestamp from the far future", "t", 0, good.clone().at(i64::MAX / 2).bytes(), 32),
        ("a transactional batch without a transaction", "t", 0, transactional.bytes(), 48),
        ("an unknown compression", "t", 0, unknown_codec.bytes(), 76),
    ];
    for (what, topic, partition, records, code) in cases {
        let answered = only(raw.call(9, &produce_request(topic, partition, records, -1)));
        assert_eq!(answered.error_code, code, "{what}: {answered:?}");
        assert_eq!(answered.base_offset, -1, "{what}");
        assert!(answered.error_message.is_some(), "{what}");
    }
    assert_eq!(raw.produce("t", 0, good.bytes()).base_offset, 0, "nothing of that was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_at_fault_is_named() {
    let here = start().await;
    let mut raw = here.connect();
    create_with(&mut raw, "compacted", ("cleanup.policy", "compact"));
    create_with(&mut raw, "timely", ("message.timestamp.before.max.ms", "1000"));
    let named = |raw: &mut crate::common::Raw, topic| {
        let line = raw.produce(topic, 0, batch(&["a", "b", "c"]).bytes());
        (line.error_code, line.record_errors.iter().map(|one| one.batch_index).collect::<Vec<_>>())
    };

    assert_eq!(named(&mut raw, "compacted"), (87, vec![0, 1, 2]), "no key");
    assert_eq!(named(&mut raw, "timely"), (32, vec![0, 1, 2]), "too old");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_acks_and_null_records_are_refused() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);

    assert_eq!(only(raw.call(9, &produce_request("t", 0, batch(&["a"]).bytes(), 2))).error_code, 21);
    let mut null: ProduceRequest = produce_request("t", 0, Bytes::new(), -1);
    null.topic_data[0].partition_data[0].records = None;
    assert_eq!(only(raw.call(9, &null)).error_code, 87);
}

#[tokio::test(flavor = "multi_thread")]
async fn zstd_needs_version_7_and_older_formats_are_told_so() {
    use std::io::Write;
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let zstd = crate::common::Batch { attributes: 4, ..batch(&["a"]) };
    assert_eq!(only(raw.call(6, &produce_request("t", 0, zstd.bytes(), -1))).error_code, 76);

    // Version 2 is listed (KAFKA-18659) and not served: acks, timeout, one topic, one partition, no bytes.
    let body = [&[0xff, 0xff, 0, 0, 0, 9, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1][..], &[0; 8]].concat();
    let head = [&[0, 0, 0, 2, 0, 0, 0, 42, 0, 1, b'c'][..], &body].concat();
    raw.stream.write_all(&(head.len() as u32).to_be_bytes()).unwrap();
    raw.stream.write_all(&head).unwrap();
    let answer = raw.receive_frame();
    assert_eq!(&answer[..4], &[0, 0, 0, 42]);
    assert_eq!(&answer[4..19], &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(&answer[19..21], &[0, 35], "UNSUPPORTED_VERSION");
    assert_eq!(answer.len(), 21 + 8 + 8 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_time_replaces_the_clients_where_the_topic_wants_it() {
    let here = start().await;
    let mut raw = here.connect();
    create_with(&mut raw, "t", ("message.timestamp.type", "LogAppendTime"));

    let answered = raw.produce("t", 0, batch(&["a"]).at(5).bytes());

    assert!(answered.log_append_time_ms > 1_600_000_000_000, "{answered:?}");
    let fetched = raw.call(12, &fetch_request("t", 0, 0));
    let records = fetched.responses[0].partitions[0].records.clone().unwrap();
    assert_eq!(records[22] & 8, 8, "the attribute says so");
    assert_eq!(i64::from_be_bytes(records[35..43].try_into().unwrap()), answered.log_append_time_ms);
    assert_eq!(crc32c::crc32c(&records[21..]).to_be_bytes(), records[17..21], "and the checksum holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_is_patched_into_the_bytes_and_nothing_else() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    raw.produce("t", 0, batch(&["first", "second"]).bytes());
    let sent = batch(&["third"]).bytes();

    raw.produce("t", 0, sent.clone());

    let fetched = raw.fetch("t", 0, 2).responses[0].partitions[0].records.clone().unwrap();
    assert_eq!(fetched[..8], 2i64.to_be_bytes(), "base offset");
    assert_eq!(fetched[12..16], 1i32.to_be_bytes(), "leader epoch");
    assert_eq!(fetched[16..], sent[16..], "the rest as it came");
}
