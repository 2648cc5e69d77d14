//! One connection: frames out, frames in, in order.

use super::bytes::Out;
use std::{
    io::{self, BufReader, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

/// Longer than any broker here may take; a test that waits so long has found something.
const ANSWER_MAX: Duration = Duration::from_secs(30);

pub struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(address: &str) -> io::Result<Connection> {
        let to = address.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("no such address"))?;
        let stream = TcpStream::connect_timeout(&to, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        let reader = BufReader::with_capacity(256 * 1024, stream.try_clone()?);
        Ok(Connection { stream, reader })
    }

    /// A request's whole frame. The correlation id is fixed: answers come in order.
    pub fn frame((api, version): (i16, i16), body: &[u8]) -> Vec<u8> {
        let head = Out::default().i16(api).i16(version).i32(0).string("xtask").0;
        Out::default().i32((head.len() + body.len()) as i32).raw(&head).raw(body).0
    }

    pub fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.stream.write_all(frame)
    }

    /// The next answer's body.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.reader.read_exact(&mut length)?;
        let mut body = vec![0; i32::from_be_bytes(length) as usize];
        self.reader.read_exact(&mut body)?;
        // The correlation id, always the same.
        body.drain(..4);
        Ok(body)
    }

    pub fn call(&mut self, api: (i16, i16), body: &[u8]) -> io::Result<Vec<u8>> {
        self.send(&Connection::frame(api, body))?;
        self.receive()
    }
}
