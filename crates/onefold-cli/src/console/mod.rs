//! What is printed, and how: tables, records, the live lines of a run. Data goes to standard output, what happens to
//! standard error: a pipe never gets both.

pub mod event;
pub mod explanation;
pub mod live;
pub mod record;
pub mod screen;
pub mod summary;
pub mod table;
pub mod wrap;

use crate::exit::{Done, OrFailed};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// `1 record`, `2 records`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Prints a line of data. A reader that went away (`| head`) ends the command quietly, as it does for other tools: only
/// for commands that do nothing but print.
pub fn print(line: &str) {
    match offer(line.as_bytes()) {
        Ok(true) => {}
        Ok(false) => std::process::exit(0),
        Err(why) => {
            say(&format!("error: {}", why.text()));
            std::process::exit(1);
        }
    }
}

/// [`print`] where something is to be put in order at the end, and for bytes that need not be text: they come out as they
/// are. False when nobody reads any more.
pub fn offer(line: &[u8]) -> Done<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(line).and_then(|()| out.write_all(b"\n")) {
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(false),
        written => written.or_failed("cannot write to standard output").map(|()| true),
    }
}

/// What became of a line that was offered to whoever reads the standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    Taken,
    /// Nobody reads any more.
    Unread,
    /// It was asked to stop while the reader took nothing; a part of the line may be out.
    Stopped,
}

/// What a pipe that takes anything takes without waiting: `PIPE_BUF` on Linux, and what POSIX guarantees is less.
const AT_ONCE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };
/// How often it is looked, while the reader takes nothing, whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// [`offer`] that waits for a slow reader no longer than until `stop` is set.
pub fn offer_until(line: &[u8], stop: &AtomicBool) -> Done<Offered> {
    // Past the buffer of the standard library, whose own writes would wait.
    let out = std::io::stdout().lock();
    let whole = [line, b"\n"].concat();
    for mut part in whole.chunks(AT_ONCE) {
        while !part.is_empty() {
            if !takes_more(&out) {
                if stop.load(Ordering::Relaxed) {
                    return Ok(Offered::Stopped);
                }
                continue;
            }
            match rustix::io::write(&out, part) {
                Ok(written) => part = &part[written..],
                Err(Errno::PIPE) => return Ok(Offered::Unread),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(why) => return Err(std::io::Error::from(why)).or_failed("cannot write to standard output"),
            }
        }
    }
    Ok(Offered::Taken)
}

/// Whether a write would not wait, or would tell what is wrong; waits for that a little.
fn takes_more(out: &impl AsFd) -> bool {
    let mut ends = [PollFd::new(out, PollFlags::OUT)];
    let limit = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
    match poll(&mut ends, Some(&limit)) {
        Ok(ready) => ready > 0,
        // What cannot be asked is written to.
        Err(why) => why != Errno::INTR,
    }
}

/// Whether whoever read the standard output has gone, which the next line would find out.
pub fn is_unread() -> bool {
    let out = std::io::stdout();
    let mut ends = [PollFd::new(&out, PollFlags::empty())];
    poll(&mut ends, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|_| ends[0].revents().contains(PollFlags::ERR))
}

/// Prints a line that must not be lost: whoever reads it learns from nowhere else what was done.
pub fn put(line: &str) -> Done {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).or_failed("cannot write to standard output")
}

/// Prints a line about work that goes on whether anybody reads it or not.
pub fn tell(line: &str) {
    screen::above_live(|| drop(writeln!(std::io::stdout().lock(), "{line}")));
}

/// Says what happens, to whoever is watching; wrapped where standard error is a narrow terminal.
pub fn say(text: &str) {
    let wrapped = screen::width_of(&std::io::stderr()).map(|width| wrap::wrapped(text, width));
    screen::above_live(|| drop(writeln!(std::io::stderr().lock(), "{}", wrapped.as_deref().unwrap_or(text))));
}

/// [`print`] for text that people read: wrapped where standard output is a narrow terminal.
pub fn print_text(text: &str) {
    print(&screen::width().map_or(text.to_owned(), |width| wrap::wrapped(text, width)));
}

/// What the crates have to say: warnings, unless `RUST_LOG` asks for more. Single dead letters are counted in the table
/// and told in their topic; a line each would bury all else. What a guarantee warns of stands in its explanation.
pub fn logging() {
    let usual = tracing_subscriber::EnvFilter::new(
        "warn,onefold::runtime::engine::verdict=error,onefold::explain=off,librdkafka=off,rdkafka=off",
    );
    let asked = tracing_subscriber::EnvFilter::try_from_default_env();
    // Who asks for more wants to know where in the code it comes from; nobody else does.
    let is_asked = asked.is_ok();
    let filter = asked.unwrap_or(usual);
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| screen::Above)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(is_asked)
        .without_time()
        .try_init();
}
