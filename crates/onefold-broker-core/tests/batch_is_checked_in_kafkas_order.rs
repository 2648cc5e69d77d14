//! A client's batch may be wrong in many ways, and clients act on the code: they split on MESSAGE_TOO_LARGE, retry on
//! CORRUPT_MESSAGE, give up on INVALID_RECORD. So each fault gets Kafka's code, and of two faults the one that Kafka
//! looks for first.

use onefold_broker_core::batch::{self, BatchBuilder, BatchError, Header, Limits, Timestamps, validate};
use onefold_broker_core::topic::TopicSettings;

const NOW: i64 = 1_800_000_000_000;

fn limits() -> Limits {
    Limits::of(&TopicSettings::default(), NOW)
}

fn good() -> BatchBuilder {
    BatchBuilder::new().record(NOW, Some(b"k"), Some(b"v")).record(NOW + 5, None, Some(b"w")).record(NOW, None, None)
}

/// Changes bytes and makes the checksum hold again.
fn changed(mut batch: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    change(&mut batch);
    let crc = batch::checksum(&batch);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    batch
}

fn code(result: Result<Header, BatchError>) -> i16 {
    result.expect_err("a refusal").code.0
}

#[test]
fn a_good_batch_passes() {
    let header = validate(&good().build(), &limits()).expect("a good batch");
    assert_eq!((header.record_count, header.last_offset_delta, header.max_timestamp_ms), (3, 2, NOW + 5));
}

#[test]
fn each_fault_has_kafkas_code() {
    let of = |batch: Vec<u8>| code(validate(&batch, &limits()));
    assert_eq!(of(Vec::new()), 87, "no batch");
    assert_eq!(of([good().build(), good().build()].concat()), 87, "two batches");
    assert_eq!(of(good().build()[..70].to_vec()), 87, "half a batch");
    assert_eq!(of(changed(good().build(), |b| b[16] = 1)), 87, "magic 1");
    assert_eq!(of(changed(good().build(), |b| b[7] = 1)), 87, "a base offset of 1");
    assert_eq!(
        of({
            let mut batch = good().build();
            *batch.last_mut().expect("bytes") ^= 1;
            batch
        }),
        2,
        "a flipped bit"
    );
    assert_eq!(of(changed(good().build(), |b| b[26] = 1)), 87, "fewer offsets than records");
    assert_eq!(of(changed(good().build(), |b| b[60] = 2)), 87, "fewer records than offsets");
    assert_eq!(of(changed(good().build(), |b| (b[26], b[60]) = (1, 2))), 87, "records beyond the count");
    assert_eq!(of(changed(good().build(), |b| (b[26], b[60]) = (3, 4))), 87, "a count beyond the records");
    assert_eq!(of(changed(good().build(), |b| b[57..61].fill(0))), 87, "a count of 0");
    assert_eq!(of(good().attributes(0x20).build()), 87, "a control batch");
    assert_eq!(of(good().attributes(0x08).build()), 32, "LogAppendTime set by the client");
    assert_eq!(of(good().attributes(0x07).build()), 76, "a codec that does not exist");
    assert_eq!(of(good().producer(5, 0, -1).build()), 87, "a producer without a sequence");
    assert_eq!(of(good().record(NOW + 3 * 3_600_000, None, None).build()), 32, "three hours ahead");
}

#[test]
fn a_record_that_does_not_end_where_it_says_is_refused_and_named() {
    // The second record's value length, raised by one, runs into the third record.
    let batch = changed(good().build(), |b| {
        let at = 61 + 9 + 5;
        assert_eq!(b[at], 2, "the length of \"w\"");
        b[at] += 2;
    });
    let refusal = validate(&batch, &limits()).expect_err("a refusal");
    assert_eq!((refusal.code.0, refusal.records), (87, vec![1]));
}

#[test]
fn offsets_within_a_batch_must_count_up() {
    let batch = changed(good().build(), |b| b[61 + 3] = 2);
    let refusal = validate(&batch, &limits()).expect_err("a refusal");
    assert_eq!((refusal.code.0, refusal.records), (87, vec![0]));
}

#[test]
fn of_two_faults_the_first_in_kafkas_order_counts() {
    let small = Limits { max_message_bytes: 10, ..limits() };
    let mut flipped = good().build();
    *flipped.last_mut().expect("bytes") ^= 1;
    assert_eq!(code(validate(&flipped, &small)), 10, "size before checksum");
    let mut based = flipped.clone();
    based[7] = 1;
    assert_eq!(code(validate(&based, &small)), 87, "base offset before size");
    let mut control = good().attributes(0x20).build();
    control[70] ^= 1;
    assert_eq!(code(validate(&control, &limits())), 2, "checksum before content");
}

#[test]
fn a_compacted_topic_takes_no_record_without_a_key() {
    let compacted = Limits { keys_required: true, ..limits() };
    let refusal = validate(&good().build(), &compacted).expect_err("a refusal");
    assert_eq!((refusal.code.0, refusal.records), (87, vec![1, 2]));
}

#[test]
fn zstd_needs_produce_v7() {
    let early = Limits { zstd_allowed: false, ..limits() };
    assert_eq!(code(validate(&good().attributes(4).build(), &early)), 76);
}

#[test]
fn no_timestamp_is_never_out_of_range() {
    let bounded = Limits { timestamps: Timestamps::Create { earliest_ms: NOW - 10, latest_ms: NOW + 10 }, ..limits() };
    let header = validate(&BatchBuilder::new().record(-1, None, None).build(), &bounded).expect("a good batch");
    assert_eq!(header.max_timestamp_ms, -1);
    assert_eq!(code(validate(&BatchBuilder::new().record(NOW - 11, None, None).build(), &bounded)), 32);
}

#[test]
fn the_greatest_timestamp_is_made_true() {
    // A client that lies here would hide its records from lookups by time.
    let mut batch = changed(good().build(), |b| b[35..43].fill(0));
    let header = batch::accept(&mut batch, &limits()).expect("a good batch");
    assert_eq!(header.max_timestamp_ms, NOW + 5);
    let stored = Header::parse(&batch).expect("a batch");
    assert_eq!(stored.max_timestamp_ms, NOW + 5);
    assert_eq!(stored.crc, batch::checksum(&batch));
}

#[test]
fn log_append_time_is_the_brokers_and_the_checksum_holds() {
    let append_time = Limits { timestamps: Timestamps::Append { now_ms: NOW + 99 }, ..limits() };
    let mut batch = BatchBuilder::new().record(5, None, None).build();
    let header = batch::accept(&mut batch, &append_time).expect("a good batch");
    let stored = Header::parse(&batch).expect("a batch");
    assert!(stored.is_append_time() && header.is_append_time());
    assert_eq!((stored.max_timestamp_ms, stored.crc), (NOW + 99, batch::checksum(&batch)));
}

#[test]
fn the_place_is_written_without_touching_the_checksum() {
    let mut batch = good().build();
    batch::patch(&mut batch, 1 << 40, 17);
    let stored = Header::parse(&batch).expect("a batch");
    assert_eq!((stored.base_offset, stored.leader_epoch, stored.last_offset()), (1 << 40, 17, (1 << 40) + 2));
    assert_eq!(stored.crc, batch::checksum(&batch));
}
