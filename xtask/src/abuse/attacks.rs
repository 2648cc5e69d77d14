//! The attacks, each on its own; none of them waits for an answer that it does not need.

use super::honest::TOPIC;
use crate::wire::{self, Bomb, Connection};
use fastrand::Rng;
use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

type Attack = fn(&str, &mut Rng) -> anyhow::Result<()>;

pub const ALL: [(&str, Attack); 7] = [
    ("random bytes", random_bytes),
    ("absurd lengths", absurd_lengths),
    ("half frames", half_frames),
    ("every API with a random body", random_bodies),
    ("decompression bombs", bombs),
    ("500 idle connections", idle),
    ("slow readers", slow_readers),
];

fn random_bytes(address: &str, rng: &mut Rng) -> anyhow::Result<()> {
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..rng.usize(1..4096)).map(|_| rng.u8(..)).collect();
        give(&mut TcpStream::connect(address)?, &bytes);
    }
    Ok(())
}

/// Frames that claim to be huge, negative or empty, and are left hanging.
fn absurd_lengths(address: &str, rng: &mut Rng) -> anyhow::Result<()> {
    let mut held = Vec::new();
    for length in [i32::MAX, i32::MIN, -1, 0, 1, 7, 99 << 20, 101 << 20, 1 << 30].repeat(20) {
        let mut stream = TcpStream::connect(address)?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend((0..rng.usize(..64)).map(|_| rng.u8(..)));
        give(&mut stream, &bytes);
        held.push(stream);
    }
    thread::sleep(Duration::from_millis(300));
    Ok(())
}

/// Honest requests, cut off anywhere.
fn half_frames(address: &str, rng: &mut Rng) -> anyhow::Result<()> {
    let whole = wire::fetch_request(TOPIC, 0, 0, 1 << 20, 10);
    for _ in 0..200 {
        give(&mut TcpStream::connect(address)?, &whole[..rng.usize(..whole.len())]);
    }
    Ok(())
}

/// Well framed requests whose bodies mean nothing, arrays with two billion entries among them.
fn random_bodies(address: &str, rng: &mut Rng) -> anyhow::Result<()> {
    for api in (0..93).chain([-1, 100, i16::MAX]) {
        for version in -1..20 {
            let mut body: Vec<u8> = (0..rng.usize(..200)).map(|_| rng.u8(..)).collect();
            if rng.bool() && body.len() > 4 {
                body[..4].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
            }
            give(&mut TcpStream::connect(address)?, &Connection::frame((api, version), &body));
        }
    }
    Ok(())
}

/// A few kilobytes that unfold to a gigabyte.
fn bombs(address: &str, _: &mut Rng) -> anyhow::Result<()> {
    let bomb = Bomb { unfolded: 1 << 30 }.encode()?;
    for _ in 0..4 {
        let mut connection = Connection::open(address)?;
        connection.send(&wire::produce_request(TOPIC, 0, &bomb))?;
        // Refused, accepted as it came, or hung up on: all the same to an attacker.
        drop(connection.receive());
    }
    Ok(())
}

fn idle(address: &str, _: &mut Rng) -> anyhow::Result<()> {
    let held = (0..500).map(|_| TcpStream::connect(address)).collect::<Result<Vec<_>, _>>()?;
    thread::sleep(Duration::from_millis(500));
    drop(held);
    Ok(())
}

/// They ask for everything again and again, and read nothing.
fn slow_readers(address: &str, rng: &mut Rng) -> anyhow::Result<()> {
    fill(address, rng)?;
    let mut held = Vec::new();
    for _ in 0..30 {
        let mut stream = TcpStream::connect(address)?;
        for _ in 0..50 {
            give(&mut stream, &wire::fetch_request("slow", 0, 0, 64 << 20, 0));
        }
        held.push(stream);
    }
    thread::sleep(Duration::from_secs(2));
    Ok(())
}

/// 64 MiB to read slowly.
fn fill(address: &str, rng: &mut Rng) -> anyhow::Result<()> {
    let mut connection = Connection::open(address)?;
    wire::create_topic(&mut connection, "slow", 1)?;
    let value: Vec<u8> = (0..512 << 10).map(|_| rng.u8(..)).collect();
    let sender = wire::Sender { id: -1, epoch: -1, sequence: -1 };
    let batch = wire::Batch { sender, timestamp_ms: wire::now_ms(), values: &[&value] }.encode();
    for _ in 0..128 {
        connection.send(&wire::produce_request("slow", 0, &batch))?;
        wire::produced(&connection.receive()?)?;
    }
    Ok(())
}

/// Writes what the other side takes; it may hang up at any time, which is its right.
fn give(stream: &mut TcpStream, bytes: &[u8]) {
    drop(stream.set_write_timeout(Some(Duration::from_millis(200))));
    drop(stream.write_all(bytes));
    drop(stream.set_nonblocking(true));
    drop(stream.read(&mut [0; 16]));
    drop(stream.set_nonblocking(false));
}
