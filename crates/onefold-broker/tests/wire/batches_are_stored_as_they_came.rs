//! A batch is stored as it came and never encoded again: whatever its codec, its level or the oddities of its encoding, a
//! reader gets the producer's bytes, but for the base offset and the leader epoch, which its checksum does not cover. From
//! memory, from segments, and after a restart.

use std::io::Write;

use bytes::Bytes;

use crate::common::{Batch, Here, batch, start};

/// The records of a batch, encoded as here.
fn records(batch: &Batch) -> Vec<u8> {
    batch.bytes()[61..].to_vec()
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Batches that no encoder of the broker's own would write just so.
fn odd_ones() -> Vec<(&'static str, Bytes)> {
    let plain = batch(&["one", "two", "three"]);
    let with = |attributes| Batch { attributes, ..plain.clone() };
    // A varint of one byte more than it needs: record length 6 as 0x8C 0x00.
    let mut long_varint = records(&batch(&[""]));
    assert_eq!(long_varint[0], 12);
    long_varint.splice(0..1, [0x8C, 0x00]);
    vec![
        ("plain", plain.bytes()),
        ("keyed", Batch { keyed: true, ..plain.clone() }.bytes()),
        ("a varint that is longer than it must be", batch(&[""]).around(&long_varint)),
        ("gzip that stores", with(1).around(&gzip(&records(&plain), 0))),
        ("gzip at its best", with(1).around(&gzip(&records(&plain), 9))),
        ("snappy", with(2).around(&snap::raw::Encoder::new().compress_vec(&records(&plain)).unwrap())),
        ("lz4", {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(&records(&plain)).unwrap();
            with(3).around(&encoder.finish().unwrap())
        }),
        ("zstd", with(4).around(&zstd::encode_all(&records(&plain)[..], 19).unwrap())),
        ("an attribute bit that means nothing yet", with(1 << 9).bytes()),
    ]
}

/// The bytes of the topic's batches, in order.
fn stored(here: &Here) -> Vec<Bytes> {
    let mut raw = here.connect();
    let (mut found, mut offset) = (Vec::new(), 0);
    loop {
        let partition = raw.fetch("t", 0, offset).responses[0].partitions[0].clone();
        assert_eq!(partition.error_code, 0);
        let mut records = partition.records.unwrap_or_default();
        if records.is_empty() {
            return found;
        }
        while !records.is_empty() {
            let length = 12 + i32::from_be_bytes(records[8..12].try_into().unwrap()) as usize;
            let one = records.split_to(length);
            offset = i64::from_be_bytes(one[..8].try_into().unwrap())
                + i64::from(i32::from_be_bytes(one[23..27].try_into().unwrap()))
                + 1;
            found.push(one);
        }
    }
}

fn assert_same(found: &[Bytes], sent: &[(&str, Bytes)], when: &str) {
    assert_eq!(found.len(), sent.len());
    let mut offset = 0i64;
    for (found, (name, sent)) in found.iter().zip(sent) {
        assert_eq!(found[..8], offset.to_be_bytes(), "{name}, {when}: its base offset");
        assert_eq!(found[8..12], sent[8..12], "{name}, {when}: its length");
        assert_eq!(found[12..16], 1i32.to_be_bytes(), "{name}, {when}: the epoch that it was written in");
        assert!(found[16..] == sent[16..], "{name}, {when}: the rest is the producer's, its checksum too");
        offset += i64::from(i32::from_be_bytes(sent[57..61].try_into().unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn byte_for_byte() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    let sent = odd_ones();
    for (name, bytes) in &sent {
        let answered = raw.produce("t", 0, bytes.clone());
        assert_eq!(answered.error_code, 0, "{name}: {answered:?}");
    }
    assert_same(&stored(&here), &sent, "from memory");
    let here = here.restart().await;
    assert_same(&stored(&here), &sent, "from segments, after a restart");
}
