//! What listens at an address, found out by Kafka's first question (ApiVersions, KIP-35): a client library says of an HTTP
//! server, or of a listener that wants TLS, only that it was disconnected.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What answers that is no Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stranger {
    Http,
    Tls,
    /// Its first bytes, as far as they are text.
    Other(String),
    /// The connection is closed without an answer: by TLS that wants no other, by a program of another kind, or by what stands
    /// before a broker that is not there yet.
    Closed,
    Silent,
}

impl Stranger {
    /// Whether the same address may soon be a broker's.
    pub fn may_change(&self) -> bool {
        matches!(self, Stranger::Closed | Stranger::Silent)
    }

    /// What it is, as the end of a sentence that begins with its address.
    pub fn told(&self, patience: Duration) -> String {
        match self {
            Stranger::Http => "does not speak Kafka's protocol: it answers as HTTP does".to_owned(),
            Stranger::Tls => "speaks TLS, and was not asked so".to_owned(),
            Stranger::Other(begin) => format!("does not speak Kafka's protocol: its answer begins with {begin:?}"),
            Stranger::Closed => {
                "does not speak Kafka's protocol, or speaks TLS: it closes the connection without an answer".to_owned()
            }
            Stranger::Silent => format!(
                "takes the connection and does not answer within {patience:.0?}: it is slow or hangs, or does not speak Kafka's \
                 protocol"
            ),
        }
    }
}

const CORRELATION: i32 = 0x0f_01d;
/// ApiVersions, version 0, which every broker answers, before it asks who one is.
const QUESTION: [u8; 21] = {
    let [a, b, c, d] = CORRELATION.to_be_bytes();
    [0, 0, 0, 17, 0, 18, 0, 0, a, b, c, d, 0, 7, b'o', b'n', b'e', b'f', b'o', b'l', b'd']
};
/// A server of lines waits for the end of one. Kafka takes it for a length that nothing has, and hangs up.
const END_OF_LINES: &[u8] = b"\r\n\r\n";

/// Asks, and waits so long for an answer.
pub async fn ask(mut stream: TcpStream, patience: Duration) -> Result<(), Stranger> {
    let mut answer = Vec::with_capacity(8);
    if stream.write_all(&QUESTION).await.is_err() {
        return Err(Stranger::Closed);
    }
    if timeout(patience * 3 / 4, read(&mut stream, &mut answer)).await.is_err() && answer.is_empty() {
        let _ = stream.write_all(END_OF_LINES).await;
        if timeout(patience / 4, read(&mut stream, &mut answer)).await.is_err() && answer.is_empty() {
            return Err(Stranger::Silent);
        }
        // Hung up after that, it is no server of lines; nor did it answer before.
        if answer.is_empty() {
            return Err(Stranger::Silent);
        }
    }
    judged(&answer)
}

/// As [`ask`], of what may be slow.
pub async fn ask_patiently(mut stream: TcpStream, patience: Duration) -> Result<(), Stranger> {
    let mut answer = Vec::with_capacity(8);
    if stream.write_all(&QUESTION).await.is_err() {
        return Err(Stranger::Closed);
    }
    if timeout(patience, read(&mut stream, &mut answer)).await.is_err() && answer.is_empty() {
        return Err(Stranger::Silent);
    }
    judged(&answer)
}

/// The first bytes of an answer, until there are eight, the peer hangs up, or who waits gives up.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    while answer.len() < 8 {
        let left = 8 - answer.len();
        match (&mut *stream).take(left as u64).read_buf(answer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn judged(answer: &[u8]) -> Result<(), Stranger> {
    match answer {
        [] => Err(Stranger::Closed),
        [0, _, _, _, correlation @ ..] if correlation == CORRELATION.to_be_bytes() => Ok(()),
        [0x15 | 0x16, 3, ..] => Err(Stranger::Tls),
        [b'H', b'T', b'T', b'P', b'/', ..] | [b'<', b'!' | b'h' | b'H', ..] => Err(Stranger::Http),
        other => Err(Stranger::Other(other.escape_ascii().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_who_gives_it() {
        let [a, b, c, d] = CORRELATION.to_be_bytes();
        assert_eq!(judged(&[0, 0, 1, 44, a, b, c, d]), Ok(()));
        for (answer, stranger) in [
            (&b""[..], Stranger::Closed),
            (b"HTTP/1.1", Stranger::Http),
            (b"<!DOCTYP", Stranger::Http),
            (b"\x15\x03\x01\0\x02\x02\x28", Stranger::Tls),
            (b"SSH-2.0-", Stranger::Other("SSH-2.0-".into())),
            (b"\0\0\x01\x2c\0\0\0\0", Stranger::Other("\\x00\\x00\\x01,\\x00\\x00\\x00\\x00".into())),
        ] {
            assert_eq!(judged(answer), Err(stranger));
        }
    }
}
