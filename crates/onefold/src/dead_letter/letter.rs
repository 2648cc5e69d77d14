//! The letter itself.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::dialect::{self, Dialect};
use super::redrive;
use crate::identity::{self, Identity};
use crate::outcome::{ErrorClass, Failure};
use crate::record::{Header, Record, TopicId};

/// Longest message in a header, in bytes: headers count against the broker's limit for a record.
const LONGEST_MESSAGE: usize = 1024;

/// Why a record is dead.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub class: ReasonClass,
    pub message: String,
    pub attempts: u32,
}

/// Why a record is dead, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReasonClass {
    /// The record itself is at fault.
    Poison,
    /// Its attempts are used up.
    Exhausted,
    /// The handler or the receiver said no for good.
    Rejected,
    /// Its identity was there with another payload.
    Conflict,
    /// It has no id, and the pipeline asks for one.
    MissingId,
    /// Its effect may have happened, and the guarantee forbids to repeat it.
    Ambiguous,
    /// It is older than ids are kept: it may have run before.
    Window,
    /// It ended the process, again and again, while nothing else ran.
    Crash,
}

impl ReasonClass {
    pub const ALL: [ReasonClass; 8] = [
        ReasonClass::Poison,
        ReasonClass::Exhausted,
        ReasonClass::Rejected,
        ReasonClass::Conflict,
        ReasonClass::MissingId,
        ReasonClass::Ambiguous,
        ReasonClass::Window,
        ReasonClass::Crash,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            ReasonClass::Poison => "poison",
            ReasonClass::Exhausted => "exhausted",
            ReasonClass::Rejected => "rejected",
            ReasonClass::Conflict => "conflict",
            ReasonClass::MissingId => "missing-id",
            ReasonClass::Ambiguous => "ambiguous",
            ReasonClass::Window => "window",
            ReasonClass::Crash => "crash",
        }
    }
}

impl fmt::Display for ReasonClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Reason {
    /// The failure that ended a record after so many attempts.
    pub fn of_failure(failure: &Failure, attempts: u32) -> Reason {
        let class = match failure.class {
            ErrorClass::Poison => ReasonClass::Poison,
            ErrorClass::Ambiguous => ReasonClass::Ambiguous,
            _ => ReasonClass::Exhausted,
        };
        Reason { class, message: failure.to_string(), attempts }
    }

    /// What letters with the same cause share, whatever the record: the class and the message without its digits.
    pub fn fingerprint(&self) -> u64 {
        let kept: Vec<u8> = self.message.bytes().filter(|byte| !byte.is_ascii_digit()).collect();
        onefold_core::lane::hash(&kept) ^ self.class as u64
    }
}

/// The letter for a record: its bytes verbatim, the reason in headers. A record that was put back keeps the count of
/// that and its first origin; other `onefold-*` headers are replaced, not piled up.
pub fn letter_for(
    record: &Record,
    to: &Arc<str>,
    group: &str,
    identity: &Identity,
    reason: &Reason,
    dialects: &[Dialect],
) -> Record {
    let mut headers: Vec<Header> =
        record.headers().iter().filter(|header| !dialect::is_ours(header)).cloned().collect();
    let mut own = |name: &str, value: &dyn AsRef<[u8]>| headers.push(Header::new(name, value));
    own("onefold-topic", &&*record.topic);
    own("onefold-topic-id", &record.topic_id.to_string());
    own("onefold-partition", &record.partition.to_string());
    own("onefold-offset", &record.offset.to_string());
    own("onefold-group", &group);
    own("onefold-identity", &hex(&identity.bytes()));
    own("onefold-id", &identity::short_hex(identity));
    own("onefold-class", &reason.class.as_str());
    own("onefold-attempts", &reason.attempts.to_string());
    own("onefold-fingerprint", &format!("{:016x}", reason.fingerprint()));
    own("onefold-message", &cut(&reason.message));
    own("onefold-died-at", &now_ms().to_string());
    for kept in [redrive::REDRIVES, redrive::FIRST_ORIGIN] {
        if let Some(value) = record.header(kept) {
            own(kept, value);
        }
    }
    for dialect in dialects {
        dialect.write(record, group, reason, &mut headers);
    }
    let mut letter = record.clone();
    (letter.topic, letter.topic_id, letter.leader_epoch) = (to.clone(), TopicId::UNKNOWN, None);
    letter.replace_headers(headers);
    letter
}

/// At most [`LONGEST_MESSAGE`] bytes of a message, at a character's end.
pub(super) fn cut(message: &str) -> &str {
    let mut end = message.len().min(LONGEST_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

/// The identity that a letter carries, for a redrive to keep.
pub fn identity_of(letter: &Record) -> Option<Identity> {
    let text: &Bytes = letter.header("onefold-identity")?;
    let digits = std::str::from_utf8(text).ok().filter(|digits| digits.len() % 2 == 0 && digits.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>().map(Identity::from_bytes)
}

/// The machine's clock: for people, and for who chooses letters by the time of death.
fn now_ms() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |at| at.as_millis())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
