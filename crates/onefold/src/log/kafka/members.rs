//! What a group's members have, read from what its leader assigned: the consumer protocol's own bytes, which any program
//! writes.

/// The partitions of this topic in an assignment; none where it cannot be read.
pub(super) fn partitions(assignment: &[u8], topic: &str) -> Vec<i32> {
    read(&mut Bytes(assignment), topic).unwrap_or_default()
}

/// ConsumerProtocolAssignment: version, then topics, each with its partitions; what follows is the assignor's own.
fn read(bytes: &mut Bytes<'_>, topic: &str) -> Option<Vec<i32>> {
    let _version = bytes.short()?;
    let mut found = Vec::new();
    for _ in 0..bytes.int()? {
        let length = usize::try_from(bytes.short()?).ok()?;
        let is_it = bytes.take(length)? == topic.as_bytes();
        for _ in 0..bytes.int()? {
            let partition = bytes.int()?;
            if is_it {
                found.push(partition);
            }
        }
    }
    Some(found)
}

/// A count that is not true runs into the end: nothing is allocated for it.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn int(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [i32; 0] = [];

    fn assignment(topics: &[(&str, &[i32])]) -> Vec<u8> {
        let mut bytes = [&1i16.to_be_bytes()[..], &(topics.len() as i32).to_be_bytes()].concat();
        for (topic, partitions) in topics {
            bytes.extend((topic.len() as i16).to_be_bytes());
            bytes.extend(topic.as_bytes());
            bytes.extend((partitions.len() as i32).to_be_bytes());
            partitions.iter().for_each(|partition| bytes.extend(partition.to_be_bytes()));
        }
        bytes.extend((-1i32).to_be_bytes());
        bytes
    }

    #[test]
    fn the_partitions_of_one_topic_are_read() {
        let bytes = assignment(&[("other", &[7, 8]), ("payments", &[0, 3]), ("payments.dead", &[1])]);
        assert_eq!(partitions(&bytes, "payments"), [0, 3]);
        assert_eq!(partitions(&bytes, "none"), NONE);
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        let bytes = assignment(&[("payments", &[0, 3])]);
        let whole = bytes.len() - 4;
        for cut in 0..whole {
            assert_eq!(partitions(&bytes[..cut], "payments"), NONE, "cut at {cut}");
        }
        let claims = [&0i16.to_be_bytes()[..], &i32::MAX.to_be_bytes(), &(-1i16).to_be_bytes()].concat();
        assert_eq!(partitions(&claims, "payments"), NONE);
        let claims =
            [&0i16.to_be_bytes()[..], &1i32.to_be_bytes(), &0i16.to_be_bytes(), &i32::MAX.to_be_bytes()].concat();
        assert_eq!(partitions(&claims, ""), NONE);
    }
}
