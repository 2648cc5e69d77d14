//! A batch of a kilobyte can claim, or really become, gigabytes. The broker reads compressed records a piece at a time and
//! stops at a limit; a claimed size is never allocated. And every codec that clients use passes, in every form they use.

use std::io::Write;

use onefold_broker_core::batch::{BatchBuilder, Limits, validate};
use onefold_broker_core::topic::TopicSettings;

const NOW: i64 = 1_800_000_000_000;
const GZIP: i16 = 1;
const SNAPPY: i16 = 2;
const LZ4: i16 = 3;
const ZSTD: i16 = 4;

fn limits() -> Limits {
    Limits::of(&TopicSettings { max_message_bytes: Some(64 << 20), ..TopicSettings::default() }, NOW)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn snappy_raw(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).expect("small enough")
}

/// As the Java client and kafka-python write it: blocks of 32 KiB behind a header of their own.
fn snappy_stream(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for block in bytes.chunks(32 * 1024) {
        let block = snappy_raw(block);
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        out.extend_from_slice(&block);
    }
    out
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("memory")
}

type Compress = fn(&[u8]) -> Vec<u8>;
const CODECS: [(&str, i16, Compress); 5] = [
    ("gzip", GZIP, gzip),
    ("snappy raw", SNAPPY, snappy_raw),
    ("snappy stream", SNAPPY, snappy_stream),
    ("lz4", LZ4, lz4),
    ("zstd", ZSTD, zstd),
];

#[test]
fn every_codec_passes() {
    let value: Vec<u8> = (0..1000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let batch = BatchBuilder::new().records(200, NOW, &value).record(NOW + 7, Some(b"k"), None);
    for (name, codec, compress) in CODECS {
        let header = validate(&batch.build_compressed(codec, compress), &limits());
        assert_eq!(header.map(|h| (h.record_count, h.max_timestamp_ms)), Ok((201, NOW + 7)), "{name}");
    }
}

#[test]
fn a_count_that_does_not_hold_is_found_behind_every_codec() {
    let batch = BatchBuilder::new().records(10, NOW, b"value");
    for (name, codec, compress) in CODECS {
        let short = batch.build_compressed(codec, |records| compress(&records[..records.len() / 2]));
        assert_eq!(validate(&short, &limits()).expect_err(name).code.0, 87, "{name}: too few records");
        let long = batch.build_compressed(codec, |records| compress(&[records, b"more"].concat()));
        assert_eq!(validate(&long, &limits()).expect_err(name).code.0, 87, "{name}: bytes after the last record");
        let cut = batch.build_compressed(codec, |records| {
            let mut bytes = compress(records);
            bytes.truncate(bytes.len() / 2);
            bytes
        });
        assert_eq!(validate(&cut, &limits()).expect_err(name).code.0, 87, "{name}: the stream ends early");
        let noise = batch.build_compressed(codec, |_| vec![0xa5; 100]);
        assert_eq!(validate(&noise, &limits()).expect_err(name).code.0, 87, "{name}: noise");
    }
}

#[test]
fn what_becomes_too_large_is_refused_with_the_code_on_which_clients_split() {
    let limits = Limits { max_decompressed_bytes: 1 << 20, ..limits() };
    let bomb = BatchBuilder::new().record(NOW, None, Some(&vec![0; 8 << 20]));
    for (name, codec, compress) in CODECS {
        let refusal = validate(&bomb.build_compressed(codec, compress), &limits).expect_err(name);
        assert_eq!(refusal.code.0, 10, "{name}: {refusal}");
    }
}

#[test]
fn a_claimed_size_is_not_believed() {
    // Snappy's first bytes say how much comes out: here 4 GiB out of seven bytes.
    let claim = |_: &[u8]| vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    let batch = BatchBuilder::new().record(NOW, None, None).build_compressed(SNAPPY, claim);
    assert_eq!(validate(&batch, &limits()).expect_err("a refusal").code.0, 87);
    // And a block of the Java form that claims to be longer than what follows.
    let claim = |_: &[u8]| [&b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"[..], &[0xff, 0xff, 0xff, 0xff, 1, 2]].concat();
    let batch = BatchBuilder::new().record(NOW, None, None).build_compressed(SNAPPY, claim);
    assert_eq!(validate(&batch, &limits()).expect_err("a refusal").code.0, 87);
}

#[test]
fn zstd_of_the_highest_level_passes() {
    // Level 22 asks for the largest window there is.
    let batch = BatchBuilder::new().records(100, NOW, &[7; 1000]);
    let bytes = batch.build_compressed(ZSTD, |records| zstd::encode_all(records, 22).expect("memory"));
    assert!(validate(&bytes, &limits()).is_ok());
}
