//! What a round trip over loopback costs here without any broker: as many bytes as a small Produce and its answer, between
//! two threads that sleep until they are woken. It is in every answer's time, and on some machines most of it.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

const REQUEST: usize = 1146;
const ANSWER: usize = 59;

pub struct Echo {
    client: TcpStream,
    pub took: Vec<Duration>,
}

impl Echo {
    pub fn new() -> anyhow::Result<Echo> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        client.set_nodelay(true)?;
        let (mut server, _) = listener.accept()?;
        server.set_nodelay(true)?;
        // Ends when the client is dropped.
        thread::spawn(move || {
            let mut request = [0; REQUEST];
            while server.read_exact(&mut request).and_then(|()| server.write_all(&[0; ANSWER])).is_ok() {}
        });
        Ok(Echo { client, took: Vec::new() })
    }

    pub fn some(&mut self, count: usize) -> anyhow::Result<()> {
        let mut answer = [0; ANSWER];
        for _ in 0..count {
            let began = Instant::now();
            self.client.write_all(&[0; REQUEST])?;
            self.client.read_exact(&mut answer)?;
            self.took.push(began.elapsed());
        }
        Ok(())
    }
}
