//! What stands between a client and a broker: answers go through a test's hands, which hold them back, lose or change them. All
//! brokers that the answers name are told to be at this address, so that clients stay here.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub const METADATA: i16 = 3;
pub const DESCRIBE_GROUPS: i16 = 15;
pub const API_VERSIONS: i16 = 18;
pub const DESCRIBE_CONFIGS: i16 = 32;

/// An answer on its way back.
pub struct Answer {
    pub api: i16,
    pub version: i16,
    /// From the correlation id on.
    pub bytes: Vec<u8>,
}

/// Whether the answer goes on.
type Hand = dyn Fn(&mut Answer) -> bool + Send + Sync;

/// Its address. It goes on as long as the process does.
pub fn before(broker: &str, hand: impl Fn(&mut Answer) -> bool + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (broker, own) = (broker.to_owned(), listener.local_addr().expect("an address"));
    let hand: Arc<Hand> = Arc::new(hand);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(&broker) else { continue };
            let (asked, hand) = (Arc::<Mutex<HashMap<_, _>>>::default(), hand.clone());
            let (mut from, mut to) = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
            let noted = asked.clone();
            std::thread::spawn(move || {
                while let Some(frame) = read(&mut from) {
                    let (api, version) = (short(&frame, 0), short(&frame, 2));
                    noted.lock().expect("held briefly").insert(frame[4..8].to_vec(), (api, version));
                    if write(&mut to, &frame).is_none() {
                        break;
                    }
                }
                let _ = to.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || back(server, client, &asked, &*hand, own.port()));
        }
    });
    own.to_string()
}

fn back(
    mut server: TcpStream,
    mut client: TcpStream,
    asked: &Mutex<HashMap<Vec<u8>, (i16, i16)>>,
    hand: &Hand,
    port: u16,
) {
    while let Some(bytes) = read(&mut server) {
        let (api, version) = asked.lock().expect("held briefly").remove(&bytes[..4]).expect("an answer to a question");
        let mut answer = Answer { api, version, bytes };
        if api == METADATA {
            let (ports, _) = places(&answer);
            ports.into_iter().for_each(|at| put(&mut answer.bytes, at, i32::from(port)));
        }
        if hand(&mut answer) && write(&mut client, &answer.bytes).is_none() {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// Takes the controller out of an answer to Metadata.
pub fn without_controller(answer: &mut Answer) {
    let (_, controller) = places(answer);
    put(&mut answer.bytes, controller, -1);
}

/// Where the brokers' ports and the controller's id stand in an answer to Metadata
/// (<https://kafka.apache.org/protocol.html#The_Messages_Metadata>), as of version 9 on, which librdkafka asks for.
fn places(answer: &Answer) -> (Vec<usize>, usize) {
    assert!(answer.version >= 9, "Metadata {} is none of these", answer.version);
    let bytes = &answer.bytes;
    let (mut at, mut ports) = (4, vec![]);
    let varint = |at: &mut usize| {
        let (mut value, mut shift) = (0_usize, 0);
        loop {
            let byte = bytes[*at];
            *at += 1;
            value |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    };
    let string = |at: &mut usize| *at += varint(at).saturating_sub(1);
    assert_eq!(varint(&mut at), 0, "no tags in the header");
    at += 4;
    for _ in 1..varint(&mut at) {
        at += 4;
        string(&mut at);
        ports.push(at);
        at += 4;
        string(&mut at);
        assert_eq!(varint(&mut at), 0, "no tags of a broker");
    }
    string(&mut at);
    (ports, at)
}

fn put(bytes: &mut [u8], at: usize, value: i32) {
    bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

fn short(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// `None` at the end, and for what no broker takes.
fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let length = usize::try_from(i32::from_be_bytes(length)).ok().filter(|length| (8..64 << 20).contains(length))?;
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).ok()?;
    Some(frame)
}

fn write(stream: &mut TcpStream, frame: &[u8]) -> Option<()> {
    let length = i32::try_from(frame.len()).ok()?;
    stream.write_all(&[&length.to_be_bytes()[..], frame].concat()).ok()
}
