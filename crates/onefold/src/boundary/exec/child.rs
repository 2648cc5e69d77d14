//! One run of a program in a process group of its own, so that what it started ends with it.

use rustix::process::{Pid, Signal, kill_process_group};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// How much of the standard error is looked at for a reason.
const SAID_MAX: usize = 16 << 10;
/// How long its standard error is listened to after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub(super) enum Ended {
    /// With the last line of its standard error.
    Code(i32, String),
    Signal(String),
    TimedOut,
    NotStarted(std::io::Error),
}

pub(super) async fn run(mut command: Command, input: &[u8], limit: Duration) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => return Ended::NotStarted(why),
    };
    // Whoever stops waiting (a shutdown past its deadline) must not leave the program's children behind.
    let group = Group::of(&child);
    let feeding = tokio::spawn(feed(&mut child, input));
    let mut hearing = tokio::spawn(hear(&mut child));
    let ended = match tokio::time::timeout(limit, child.wait()).await {
        Ok(Ok(status)) => {
            group.forget();
            // What the program left running may hold its pipes open; nobody waits for that.
            let said = tokio::time::timeout(LAST_WORDS, &mut hearing).await;
            code(status, said.ok().and_then(Result::ok).unwrap_or_default())
        }
        Ok(Err(why)) => Ended::NotStarted(why),
        Err(_) => {
            drop(group);
            let _ = child.wait().await;
            Ended::TimedOut
        }
    };
    feeding.abort();
    hearing.abort();
    ended
}

fn code(status: ExitStatus, said: String) -> Ended {
    match status.code() {
        Some(code) => Ended::Code(code, said),
        None => Ended::Signal(said),
    }
}

/// A program that does not read its input is none of our business, so a broken pipe is not an error.
fn feed(child: &mut Child, input: &[u8]) -> impl Future<Output = ()> + use<> {
    let (stdin, input) = (child.stdin.take(), input.to_vec());
    async move {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(&input).await;
        }
    }
}

fn hear(child: &mut Child) -> impl Future<Output = String> + use<> {
    let stderr = child.stderr.take();
    async move {
        let (mut said, mut chunk) = (vec![], [0; 4096]);
        if let Some(mut stderr) = stderr {
            while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
                said.extend_from_slice(&chunk[..read]);
                let spare = said.len().saturating_sub(SAID_MAX);
                said.drain(..spare);
            }
        }
        let text = String::from_utf8_lossy(&said).into_owned();
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }
}

/// Kills the group when dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Group {
        Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
