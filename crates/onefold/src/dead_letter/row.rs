//! A letter as bytes, for the row that stands for it until it is published.

use bytes::Bytes;

use crate::record::{Header, Record};

const VERSION: u8 = 1;

/// All of a letter that is produced.
pub fn encode(letter: &Record) -> Vec<u8> {
    let mut out = vec![VERSION];
    push(&mut out, Some(letter.topic.as_bytes()));
    out.extend_from_slice(&letter.partition.to_be_bytes());
    out.extend_from_slice(&letter.timestamp_ms.unwrap_or(-1).to_be_bytes());
    push(&mut out, letter.key.as_deref());
    push(&mut out, letter.value.as_deref());
    out.extend_from_slice(&(letter.headers().len() as u32).to_be_bytes());
    for header in letter.headers() {
        push(&mut out, Some(&header.name));
        push(&mut out, header.value.as_deref());
    }
    out
}

/// Reads what [`encode`] writes; `None` for anything else.
pub fn decode(bytes: &[u8]) -> Option<Record> {
    let mut rest = bytes;
    if take(&mut rest, 1)? != [VERSION] {
        return None;
    }
    let topic = String::from_utf8(pull(&mut rest)??.to_vec()).ok()?;
    let mut letter = Record::new(&topic, None, None);
    letter.partition = i32::from_be_bytes(take(&mut rest, 4)?.try_into().ok()?);
    letter.timestamp_ms = Some(i64::from_be_bytes(take(&mut rest, 8)?.try_into().ok()?)).filter(|at| *at >= 0);
    letter.key = pull(&mut rest)?;
    letter.value = pull(&mut rest)?;
    for _ in 0..u32::from_be_bytes(take(&mut rest, 4)?.try_into().ok()?) {
        letter.push_header(Header { name: pull(&mut rest)??, value: pull(&mut rest)? });
    }
    rest.is_empty().then_some(letter)
}

/// A length, then the bytes; -1 stands for none.
fn push(out: &mut Vec<u8>, part: Option<&[u8]>) {
    out.extend_from_slice(&part.map_or(-1, |part| part.len() as i64).to_be_bytes());
    out.extend_from_slice(part.unwrap_or_default());
}

fn pull(rest: &mut &[u8]) -> Option<Option<Bytes>> {
    let length = i64::from_be_bytes(take(rest, 8)?.try_into().ok()?);
    if length < 0 {
        return Some(None);
    }
    Some(Some(Bytes::copy_from_slice(take(rest, usize::try_from(length).ok()?)?)))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}
