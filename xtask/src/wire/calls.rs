//! The six calls, as functions.

use super::{Connection, api, bytes::In, bytes::Out};
use anyhow::bail;
use std::{
    thread,
    time::{Duration, Instant},
};

const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
const COORDINATOR_NOT_AVAILABLE: i16 = 15;
const TOPIC_ALREADY_EXISTS: i16 = 36;

/// What a broker says to one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    pub error: i16,
    pub base_offset: i64,
}

/// Creates the topic unless it is there, and waits until each partition answers: Apache Kafka says "created" before it
/// is ready to serve what it created.
pub fn create_topic(connection: &mut Connection, name: &str, partitions: i32) -> anyhow::Result<()> {
    let body = Out::default().i32(1).string(name).i32(partitions).i16(1).i32(0).i32(0).i32(30_000).i8(0).0;
    let answer = connection.call(api::CREATE_TOPICS, &body)?;
    let mut read = In(&answer);
    read.i32()?;
    for (error, said) in read.each(|topic| {
        topic.string()?;
        Ok((topic.i16()?, topic.string()?))
    })? {
        if error != 0 && error != TOPIC_ALREADY_EXISTS {
            bail!("cannot create {name}: error {error} {said}");
        }
    }
    let until = Instant::now() + Duration::from_secs(20);
    for partition in 0..partitions {
        while let Err(error) = end_offset(connection, name, partition) {
            if Instant::now() > until {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// How many partitions the topic has; 0 if there is no such topic.
pub fn partitions(connection: &mut Connection, name: &str) -> anyhow::Result<i32> {
    let answer = connection.call(api::METADATA, &Out::default().i32(1).string(name).i8(0).0)?;
    let mut read = In(&answer);
    read.i32()?;
    read.each(|broker| Ok((broker.i32()?, broker.string()?, broker.i32()?, broker.string()?)))?;
    read.string()?;
    read.i32()?;
    let topics = read.each(|topic| {
        let error = topic.i16()?;
        topic.string()?;
        topic.i8()?;
        let all = topic.each(|p| Ok((p.i16()?, p.i32()?, p.i32()?, p.each(In::i32)?, p.each(In::i32)?)))?;
        Ok(if error == 0 { all.len() as i32 } else { 0 })
    })?;
    Ok(topics.first().copied().unwrap_or(0))
}

/// A new producer id and its epoch; waits while a fresh Apache Kafka still sets itself up to give one.
pub fn init_producer(connection: &mut Connection) -> anyhow::Result<(i64, i16)> {
    for _ in 0..100 {
        let answer = connection.call(api::INIT_PRODUCER_ID, &Out::default().no_string().i32(60_000).0)?;
        let mut read = In(&answer);
        read.i32()?;
        match read.i16()? {
            0 => return Ok((read.i64()?, read.i16()?)),
            COORDINATOR_LOAD_IN_PROGRESS | COORDINATOR_NOT_AVAILABLE => thread::sleep(Duration::from_millis(100)),
            error => bail!("no producer id: error {error}"),
        }
    }
    bail!("no producer id within 10 s")
}

/// The whole frame of one batch to one partition with acks=all.
pub fn produce_request(topic: &str, partition: i32, batch: &[u8]) -> Vec<u8> {
    let head = Out::default().no_string().i16(-1).i32(30_000);
    let body = head.i32(1).string(topic).i32(1).i32(partition).bytes(batch).0;
    Connection::frame(api::PRODUCE, &body)
}

/// The answer to one batch.
pub fn produced(answer: &[u8]) -> anyhow::Result<Appended> {
    let topics = In(answer).each(|topic| {
        topic.string()?;
        topic.each(|p| {
            p.i32()?;
            let (error, base_offset) = (p.i16()?, p.i64()?);
            p.take(16)?;
            Ok(Appended { error, base_offset })
        })
    })?;
    match topics.as_slice() {
        [partitions] if partitions.len() == 1 => Ok(partitions[0]),
        _ => bail!("not the answer to one batch: {topics:?}"),
    }
}

/// The whole frame of a fetch from one partition.
pub fn fetch_request(topic: &str, partition: i32, offset: i64, max_bytes: i32, wait_ms: i32) -> Vec<u8> {
    let head = Out::default().i32(-1).i32(wait_ms).i32(1).i32(max_bytes).i8(0).i32(0).i32(-1);
    let wanted = head.i32(1).string(topic).i32(1).i32(partition).i32(-1).i64(offset).i64(-1).i32(max_bytes);
    Connection::frame(api::FETCH, &wanted.i32(0).string("").0)
}

/// The high watermark and the record bytes of a fetch's answer.
pub fn parse_fetch(answer: &[u8]) -> anyhow::Result<(i64, &[u8])> {
    let mut read = In(answer);
    let (_throttle, error, _session) = (read.i32()?, read.i16()?, read.i32()?);
    if error != 0 {
        bail!("fetch: error {error}");
    }
    let topics = read.each(|topic| {
        topic.string()?;
        topic.each(|p| {
            let (index, error, high_watermark) = (p.i32()?, p.i16()?, p.i64()?);
            p.take(16)?;
            p.each(|aborted| Ok((aborted.i64()?, aborted.i64()?)))?;
            p.i32()?;
            let bytes = p.bytes()?;
            if error != 0 {
                bail!("fetch from partition {index}: error {error}");
            }
            Ok((high_watermark, bytes))
        })
    })?;
    topics.into_iter().flatten().next().ok_or_else(|| anyhow::anyhow!("an empty answer to a fetch"))
}

pub fn fetch(connection: &mut Connection, topic: &str, partition: i32, offset: i64) -> anyhow::Result<Vec<u8>> {
    connection.send(&fetch_request(topic, partition, offset, 4 << 20, 500))?;
    Ok(parse_fetch(&connection.receive()?)?.1.to_vec())
}

pub fn end_offset(connection: &mut Connection, topic: &str, partition: i32) -> anyhow::Result<i64> {
    let body = Out::default().i32(-1).i8(0).i32(1).string(topic).i32(1).i32(partition).i32(-1).i64(-1).0;
    let answer = connection.call(api::LIST_OFFSETS, &body)?;
    let mut read = In(&answer);
    read.i32()?;
    let topics = read.each(|topic| {
        topic.string()?;
        topic.each(|p| Ok((p.i32()?, p.i16()?, p.i64()?, p.i64()?, p.i32()?)))
    })?;
    match topics.into_iter().flatten().next() {
        Some((_, 0, _, offset, _)) => Ok(offset),
        other => bail!("no end offset of {topic}/{partition}: {other:?}"),
    }
}
