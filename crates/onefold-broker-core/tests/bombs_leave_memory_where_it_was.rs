//! Half a gigabyte of zeros, packed into kilobytes by each codec, arrives as one batch. It is refused, and while it is being
//! refused the process grows by no more than the window that the codec itself asks for: measured, not reasoned.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;

use onefold_broker_core::batch::{BatchBuilder, Limits, MAX_DECOMPRESSED_BYTES, validate};
use onefold_broker_core::topic::TopicSettings;

const NOW: i64 = 1_800_000_000_000;
const MIB: u64 = 1 << 20;
const BOMB_BYTES: u64 = 512 * MIB;

/// One record whose value, by its length, is all the rest.
fn record_of_zeros(mut out: impl Write) {
    // Length 600000000, no attributes, deltas of 0, no key, a value of 599999999 bytes.
    out.write_all(&[0x80, 0x8c, 0x9b, 0xbc, 0x04, 0, 0, 0, 1, 0xfe, 0x8b, 0x9b, 0xbc, 0x04]).expect("memory");
    let zeros = vec![0; MIB as usize];
    (0..BOMB_BYTES / MIB).for_each(|_| out.write_all(&zeros).expect("memory"));
}

fn gzip() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    record_of_zeros(&mut encoder);
    encoder.finish().expect("memory")
}

fn lz4() -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    record_of_zeros(&mut encoder);
    encoder.finish().expect("memory")
}

/// With the largest window that a decoder can be asked for.
fn zstd() -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("memory");
    encoder.window_log(27).expect("it is within the range");
    record_of_zeros(&mut encoder);
    encoder.finish().expect("memory")
}

fn snappy_stream() -> Vec<u8> {
    let mut zeros = Vec::new();
    record_of_zeros(&mut zeros);
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for block in zeros.chunks(MIB as usize) {
        let block = snap::raw::Encoder::new().compress_vec(block).expect("small enough");
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        out.extend_from_slice(&block);
    }
    out
}

fn memory_bytes(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find(|line| line.starts_with(field)).expect("Linux has it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number of KiB") * 1024
}

/// How far the process grew above what it held, at its worst, while `act` ran.
fn growth_of(act: impl FnOnce()) -> u64 {
    // Sets the peak back to what is held now.
    fs::write("/proc/self/clear_refs", "5").expect("Linux has it");
    let held = memory_bytes("VmRSS");
    act();
    memory_bytes("VmHWM").saturating_sub(held)
}

#[test]
fn while_each_bomb_is_refused() {
    let limits = Limits::of(&TopicSettings { max_message_bytes: Some(64 << 20), ..TopicSettings::default() }, NOW);
    let most = [
        (1, gzip(), 2 * MIB),
        (2, snappy_stream(), 4 * MIB),
        (3, lz4(), 8 * MIB),
        (4, zstd(), MAX_DECOMPRESSED_BYTES + 8 * MIB),
    ];
    for (codec, bomb, most_bytes) in most {
        let batch = BatchBuilder::new().record(NOW, None, None).build_compressed(codec, |_| bomb);
        let growth = growth_of(|| assert_eq!(validate(&batch, &limits).expect_err("a refusal").code.0, 10));
        assert!(growth <= most_bytes, "codec {codec}: {growth} bytes for a batch of {}", batch.len());
    }
}
