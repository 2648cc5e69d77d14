//! How it ends: what was read is waited for a while and counted, and all of it is told, whatever ended it.

use super::lines::Lines;
use super::{Options, lines_are};
use crate::commands::stop::{AGAIN, Signal};
use crate::console::{count, put, say};
use crate::exit::{Done, Failure, OrFailed};
use serde_json::json;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Whoever waits longer is told for what.
const SOON: Duration = Duration::from_secs(1);

/// What ended it; neither: all is read and acknowledged.
pub struct Ending {
    signal: Option<Signal>,
    /// The first line that was refused, or why nothing more was read.
    why: Option<String>,
}

impl Ending {
    pub fn by(signal: Signal) -> Ending {
        Ending { signal: Some(signal), why: None }
    }

    pub fn by_itself(ended: Result<(), String>) -> Ending {
        Ending { signal: None, why: ended.err() }
    }

    /// Waits for what was read. The first signal ends that, if none began it: a second one ends the process by itself.
    pub async fn settle(&mut self, lines: &Arc<Lines>, mut asked: Pin<&mut impl Future<Output = Signal>>) -> Done {
        if self.signal.is_none() && self.why.is_none() {
            return Ok(());
        }
        let mut settled = lines.clone().settle().or_failed("the system gives no thread")?;
        let (mut soon, mut is_told) = (std::pin::pin!(tokio::time::sleep(SOON)), false);
        loop {
            tokio::select! {
                // That it is over, also where its thread broke off, is all there is to know.
                _ = &mut settled => break,
                signal = &mut asked, if self.signal.is_none() => {
                    self.signal = Some(signal);
                    break;
                }
                () = &mut soon, if !is_told => {
                    is_told = true;
                    self.say_what_it_waits_for(lines);
                }
            }
        }
        self.why = self.why.take().or(lines.check().err());
        Ok(())
    }

    fn say_what_it_waits_for(&self, lines: &Lines) {
        let waits = format!("waiting for what was read: {} not acknowledged", lines_are(lines.outstanding() as u64));
        say(&match (&self.why, self.signal) {
            (Some(why), None) => format!("{why}\n{waits}; Ctrl-C ends that"),
            (_, signal) => format!("{}{waits}; {AGAIN}", prefix(signal)),
        });
    }

    /// Tells the result, and ends as its cause says.
    pub fn tell(self, options: &Options, lines: &Lines) -> Done {
        let told = if options.json { put(&self.json(options, lines)) } else { Ok(()) };
        let written = told.map_err(|why| why.and(&format!("\n{}", self.counts(lines))));
        match (self.why.is_some(), self.signal) {
            (true, _) => Err(Failure::failed(self.refusal(lines))),
            (false, signal) => {
                written?;
                if !options.json {
                    say(&self.text(options, lines));
                }
                signal.map_or(Ok(()), |signal| signal.end())
            }
        }
    }

    fn json(&self, options: &Options, lines: &Lines) -> String {
        json!({
            "topic": options.topic, "produced": lines.acknowledged(), "without_key": lines.keyless(),
            "unacknowledged": lines.unacknowledged(), "signal": self.signal.map(Signal::name), "error": self.why,
        })
        .to_string()
    }

    fn refusal(&self, lines: &Lines) -> String {
        let waited = self.signal.map_or_else(String::new, |signal| format!("; {} ended the wait", signal.name()));
        format!("{}\n{}{waited}", self.why.as_deref().unwrap_or_default(), self.counts(lines))
    }

    fn counts(&self, lines: &Lines) -> String {
        let there = format!("{} acknowledged", lines_are(lines.acknowledged()));
        match lines.unacknowledged() {
            0 => there,
            left => format!("{there}, {left} {} not", if left == 1 { "is" } else { "are" }),
        }
    }

    fn text(&self, options: &Options, lines: &Lines) -> String {
        let without = match lines.keyless() {
            keyless @ 1.. if options.key.is_some() => format!(", {keyless} of them without a key"),
            _ => String::new(),
        };
        let left = match lines.unacknowledged() {
            0 => String::new(),
            1 => "; 1 more is not acknowledged".to_owned(),
            left => format!("; {left} more are not acknowledged"),
        };
        let produced = count(lines.acknowledged(), "record");
        format!("{}{produced} in {}{without}{left}", prefix(self.signal), options.topic)
    }
}

fn prefix(signal: Option<Signal>) -> String {
    signal.map_or_else(String::new, |signal| format!("{}: ", signal.name()))
}
