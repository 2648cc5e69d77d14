//! The real binary, run as a user runs it.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod going;
pub mod proxy;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// `onefold ARGS` in a folder, with nothing of this machine's own in its environment.
pub fn onefold(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onefold"));
    command.args(args).current_dir(folder).env_remove("ONEFOLD_BOOTSTRAP").env_remove("RUST_LOG").env("COLUMNS", "100");
    command
}

pub fn run(folder: &Path, args: &[&str]) -> Ran {
    Ran::of(onefold(folder, args).output().expect("the binary runs"))
}

pub fn run_with_input(folder: &Path, args: &[&str], input: &str) -> Ran {
    let mut command = onefold(folder, args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("takes its input");
    Ran::of(child.wait_with_output().expect("ends"))
}

/// For what has to know its port before it listens.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port()
}

#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

/// A broker of its own on a free port; killed when dropped.
pub struct Broker {
    child: Child,
    pub address: String,
}

impl Broker {
    pub fn start(folder: &Path) -> Broker {
        Broker::listening(folder, "127.0.0.1:0")
    }

    pub fn listening(folder: &Path, address: &str) -> Broker {
        let mut command = onefold(folder, &["broker", "--listen", address, "--data", "data"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut first).expect("says where it is");
        let address = first.strip_prefix("listening on ").and_then(|rest| rest.split_once(',')).expect("an address");
        Broker { address: address.0.to_owned(), child }
    }

    /// SIGTERM, and its exit code.
    pub fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        self.child.wait().expect("ends").code()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
