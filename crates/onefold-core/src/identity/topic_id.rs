//! Kafka's topic id: what tells a topic from one deleted and made again under the same name.

use std::fmt;

/// A topic's UUID (KIP-516). All zero stands for "the cluster tells none".
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub [u8; 16]);

pub(crate) const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl TopicId {
    pub const UNKNOWN: TopicId = TopicId([0; 16]);

    /// Kafka's own spelling, 22 characters of URL-safe base64.
    pub(crate) fn spell(&self, out: &mut String) {
        let number = u128::from_be_bytes(self.0);
        // 21 digits of 6 bits from the top, and the last two bits padded with zeros, as base64 does.
        for digit in 0..21 {
            out.push(URL_SAFE[(number >> (122 - 6 * digit) & 63) as usize] as char);
        }
        out.push(URL_SAFE[((number & 3) << 4) as usize] as char);
    }

    /// Reads what [`TopicId::spell`] writes; `None` for anything else.
    pub(crate) fn read(text: &str) -> Option<TopicId> {
        let digits: [u8; 22] = text.as_bytes().try_into().ok()?;
        let mut number: u128 = 0;
        for digit in &digits[..21] {
            number = number << 6 | u128::from(digit_value(*digit)?);
        }
        let last = digit_value(digits[21])?;
        (last & 15 == 0).then(|| TopicId((number << 2 | u128::from(last >> 4)).to_be_bytes()))
    }
}

pub(crate) fn digit_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(22);
        self.spell(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicId({self})")
    }
}
