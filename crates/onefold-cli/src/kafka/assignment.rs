//! Which partitions a member of a group has: the assignment that a consumer's leader gave it, as all consumers write it
//! (<https://github.com/apache/kafka/blob/trunk/clients/src/main/resources/common/message/ConsumerProtocolAssignment.json>).

/// `None` for bytes that are none: a group of another kind may keep anything there.
pub fn partitions(bytes: &[u8]) -> Option<Vec<(String, i32)>> {
    let mut rest = bytes;
    let version = i16::from_be_bytes(take(&mut rest)?);
    let mut held = vec![];
    // Nothing is allocated by a length that is read: what is not there ends it.
    for _ in 0..count(&mut rest).filter(|_| version >= 0)? {
        let length = usize::try_from(i16::from_be_bytes(take(&mut rest)?)).ok()?;
        let (name, after) = rest.split_at_checked(length)?;
        let name = std::str::from_utf8(name).ok()?;
        rest = after;
        for _ in 0..count(&mut rest)? {
            held.push((name.to_owned(), i32::from_be_bytes(take(&mut rest)?)));
        }
    }
    Some(held)
}

fn count(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(i32::from_be_bytes(take(rest)?)).ok()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::partitions;

    #[test]
    fn what_a_member_has_is_read_and_anything_else_is_not() {
        let bytes = b"\0\x01\0\0\0\x02\0\x01a\0\0\0\x02\0\0\0\0\0\0\0\x03\0\x02bc\0\0\0\x01\0\0\0\x07\xff\xff\xff\xff";
        let held = partitions(bytes).expect("an assignment");
        assert_eq!(held, [("a".to_owned(), 0), ("a".to_owned(), 3), ("bc".to_owned(), 7)]);
        for end in 0..bytes.len() - 4 {
            assert_eq!(partitions(&bytes[..end]), None, "{end}");
        }
        for other in
            [&b"\0\0\x7f\xff\xff\xff\0\x01a\x7f\xff\xff\xff"[..], b"\0\0\xff\xff\xff\xff", b"{\"json\": 1}", b""]
        {
            assert_eq!(partitions(other), None);
        }
    }
}
