//! An address at which something else listens than a broker is told in words, by every command, and `run` waits for it no
//! longer than it was told to.

mod common;

use common::run;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// Who does this with each connection, on a thread of its own, and its address.
fn listening(does: impl Fn(TcpStream) + Send + Sync + Copy + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || does(stream));
        }
    });
    address
}

/// Reads lines, as servers of HTTP do, and answers the first one.
fn http(mut stream: TcpStream) {
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read == 1) {
        if byte == *b"\n" {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    }
}

/// An alert, as OpenSSL answers what is no handshake.
fn tls(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 1024]).and_then(|_| stream.write_all(b"\x15\x03\x01\0\x02\x02\x46"));
}

fn silent(mut stream: TcpStream) {
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

fn other(mut stream: TcpStream) {
    let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n");
    silent(stream);
}

fn file(folder: &Path, address: &str) {
    let text = format!(
        "[kafka]\nbootstrap = \"{address}\"\n[pipelines.p]\nfrom = \"t\"\nto.exec.command = [\"sh\", \"-c\", \"true\"]\n"
    );
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
}

#[test]
fn a_stranger_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for (address, what) in [
        (listening(http), "does not speak Kafka's protocol: it answers as HTTP does"),
        (listening(tls), "speaks TLS, and was not asked so"),
        (listening(other), "does not speak Kafka's protocol: its answer begins with \"SSH-2.0-\""),
    ] {
        let expected = format!("error: what listens at {address} {what} (said by ");
        let listed = run(folder.path(), &["topics", "list", "--bootstrap", &address]).exits(1).err;
        assert!(listed.starts_with(&expected) && listed.contains("--bootstrap HOST:PORT"), "{listed}");
        // It will be no broker, however long one waits.
        file(folder.path(), &address);
        let began = Instant::now();
        let ran = run(folder.path(), &["run", "--drain", "--wait", "5m"]).exits(1).err;
        assert!(ran.starts_with(&expected) && ran.contains("correct `bootstrap` below [kafka]"), "{ran}");
        assert!(began.elapsed() < Duration::from_secs(60), "it did not wait for what does not come");
    }
}

/// A broker that starts behind a proxy looks so, too: it is waited for, as long as was said.
#[test]
fn one_that_does_not_answer_is_waited_for_as_long_as_was_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let closing = "does not speak Kafka's protocol, or speaks TLS: it closes the connection without an answer";
    let hanging = "takes the connection and does not answer within";
    for (address, what) in [(listening(drop), closing), (listening(silent), hanging)] {
        file(folder.path(), &address);
        let began = Instant::now();
        let said = run(folder.path(), &["run", "--drain", "--wait", "6s"]).exits(1).err;
        let took = began.elapsed();
        assert!(
            said.starts_with(&format!("waits for the cluster, 6s at most (--wait): what listens at {address} {what}")),
            "{said}"
        );
        assert!(said.contains(&format!("error: what listens at {address} {what}")), "{said}");
        assert!(took >= Duration::from_secs(6) && took < Duration::from_secs(12), "{took:?}");
    }
}
