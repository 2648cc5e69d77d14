//! A command that goes on while a test looks at it: what it says comes line by line, and every wait has an end.

use super::onefold;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The longest that anything is waited for, however busy the machine is.
pub const LONG: Duration = Duration::from_secs(120);

pub struct Going {
    pub child: Child,
    pub out: Said,
    pub err: Said,
}

/// A stream of it, read on a thread of its own: a full pipe holds nothing up.
pub struct Said {
    name: &'static str,
    lines: Receiver<String>,
    before: Vec<String>,
}

impl Going {
    pub fn start(folder: &Path, args: &[&str]) -> Going {
        Going::of(onefold(folder, args))
    }

    pub fn of(mut command: Command) -> Going {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let out = Said::by("standard output", child.stdout.take().expect("piped"));
        let err = Said::by("standard error", child.stderr.take().expect("piped"));
        Going { child, out, err }
    }

    pub fn give(&mut self, text: &str) {
        self.child.stdin.as_mut().expect("piped").write_all(text.as_bytes()).expect("takes its input");
    }

    pub fn no_more_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// `-TERM`, `-INT`, `-STOP`, ..
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("asks").is_some()
    }

    /// The next event on standard output that is such a one; every line on the way is an event.
    #[track_caller]
    pub fn event(&mut self, such: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.out.next().unwrap_or_else(|| {
                let said: Vec<String> = std::iter::from_fn(|| self.err.next()).collect();
                panic!("it ended without the event, after {:?}: {said:?}", self.out.before)
            });
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no event: {line}"));
            if such(&event) {
                return event;
            }
        }
    }

    /// What it says on standard error from here on, and its exit code.
    #[track_caller]
    pub fn end(&mut self) -> (Vec<String>, Option<i32>) {
        let said = std::iter::from_fn(|| self.err.next()).collect();
        // Its streams are closed: it is as good as gone.
        (said, self.child.wait().expect("ends").code())
    }
}

impl Said {
    fn by(name: &'static str, stream: impl Read + Send + 'static) -> Said {
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stream).lines().map(|line| line.expect("text"));
            // Whoever looks no more has seen enough; the rest is read all the same.
            lines.for_each(|line| drop(tell.send(line)));
        });
        Said { name, lines, before: vec![] }
    }

    /// The next line; `None` at its end.
    #[track_caller]
    pub fn next(&mut self) -> Option<String> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        match self.lines.recv_timeout(LONG) {
            Ok(line) => {
                self.before.push(line.clone());
                Some(line)
            }
            Err(Disconnected) => None,
            Err(Timeout) => panic!("nothing more on {} for {LONG:?}, after {:?}", self.name, self.before),
        }
    }

    /// The next line in which this stands.
    #[track_caller]
    pub fn until(&mut self, what: &str) -> String {
        loop {
            let line = self.next().unwrap_or_else(|| panic!("no {what:?} on {}: {:?}", self.name, self.before));
            if line.contains(what) {
                return line;
            }
        }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until it is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "not within {LONG:?}: {what}");
    }
}
