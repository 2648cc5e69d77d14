//! `[pipelines.NAME.to.exec]`: a program run once for each record.
//!
//! The record's value is its standard input; no shell reads the command. The environment says the rest:
//!
//! | variable | |
//! |---|---|
//! | `ONEFOLD_TOPIC`, `ONEFOLD_PARTITION`, `ONEFOLD_OFFSET`, `ONEFOLD_TIMESTAMP` | where the record is (`TIMESTAMP` in ms, absent if unknown) |
//! | `ONEFOLD_KEY`, `ONEFOLD_KEY_HEX` | its key, absent if it has none; `KEY` only if it has no NUL byte |
//! | `ONEFOLD_ID` | 32 hexadecimal digits, the same at every attempt and every repeat of the event |
//! | `ONEFOLD_ATTEMPT` | 1 at the first attempt |
//!
//! Its exit code says how it went (`sysexits.h`):
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 65 `EX_DATAERR` | the record is at fault: dead |
//! | 69 `EX_UNAVAILABLE` | the sink is down: pause, count no attempt |
//! | 75 `EX_TEMPFAIL` and any other | may work next time |
//!
//! The last line on its standard error is the reason. Past `timeout` the program's whole process group is killed, and
//! whether it took effect is unknown.

mod child;

use super::{Attempt, BoxFuture, Effect, SinkTraits};
use crate::identity::short_hex;
use crate::outcome::{Failure, Handled, OrClass, Outcome};
use crate::placeholders::{Fields, Form};
use crate::record::Record;
use crate::settings::ExecSettings;
use child::Ended;
use tokio::process::Command;

/// Runs of one program.
#[derive(Debug)]
pub struct Program {
    settings: ExecSettings,
    env: Vec<(String, String)>,
}

/// Why a program cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the variable {name}: {why}")]
pub struct ExecError {
    name: String,
    why: String,
}

impl Program {
    /// # Errors
    /// A secret cannot be read.
    pub fn new(settings: ExecSettings) -> Result<Program, ExecError> {
        let reveal = |(name, secret): &(String, crate::settings::Secret)| match secret.reveal(&settings.folder) {
            Ok(value) => Ok((name.clone(), value)),
            Err(why) => Err(ExecError { name: name.clone(), why }),
        };
        let env = settings.env.iter().map(reveal).collect::<Result<_, _>>()?;
        Ok(Program { settings, env })
    }

    async fn attempt(&self, record: &Record, attempt: &Attempt) -> Handled {
        let command = self.command(record, attempt)?;
        let ended = child::run(command, record.payload(), self.settings.timeout).await;
        match ended {
            Ended::Code(0, _) => Ok(Outcome::Done),
            Ended::Code(65, said) => Ok(Outcome::Dead(reason("exit code 65 (EX_DATAERR)", &said))),
            Ended::Code(69, said) => Err(Failure::sink_down(reason("exit code 69 (EX_UNAVAILABLE)", &said))),
            Ended::Code(code, said) => Err(Failure::transient(reason(&format!("exit code {code}"), &said))),
            // It ran for a while before something ended it.
            Ended::Signal(said) => Err(Failure::ambiguous(reason("ended by a signal", &said))),
            Ended::TimedOut => {
                let limit = humantime::format_duration(self.settings.timeout);
                Err(Failure::ambiguous(format!("did not end within {limit} and was killed")))
            }
            Ended::NotStarted(why) => {
                Err(Failure::sink_down(format!("cannot run {}: {why}", self.settings.written[0])))
            }
        }
    }

    fn command(&self, record: &Record, attempt: &Attempt) -> Result<Command, Failure> {
        let fields = Fields::of(record);
        let mut words = vec![];
        for template in &self.settings.command {
            let word = template.render(&fields, Form::Text).or_poison()?;
            if word.contains('\0') {
                return Err(Failure::poison("an argument would have a NUL byte in it"));
            }
            words.push(word);
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).envs(self.env.iter().cloned()).envs(described(record, attempt));
        let folder = &self.settings.folder;
        if !folder.as_os_str().is_empty() {
            command.current_dir(folder);
        }
        Ok(command)
    }
}

fn described(record: &Record, attempt: &Attempt) -> Vec<(&'static str, String)> {
    let mut env = vec![
        ("ONEFOLD_TOPIC", record.topic.to_string()),
        ("ONEFOLD_PARTITION", record.partition.to_string()),
        ("ONEFOLD_OFFSET", record.offset.to_string()),
        ("ONEFOLD_ID", short_hex(&attempt.identity)),
        ("ONEFOLD_ATTEMPT", attempt.number.to_string()),
    ];
    env.extend(record.timestamp_ms.map(|ms| ("ONEFOLD_TIMESTAMP", ms.to_string())));
    if let Some(key) = &record.key {
        env.push(("ONEFOLD_KEY_HEX", key.iter().map(|byte| format!("{byte:02x}")).collect()));
        let text = std::str::from_utf8(key).ok().filter(|text| !text.contains('\0'));
        env.extend(text.map(|text| ("ONEFOLD_KEY", text.to_owned())));
    }
    env
}

fn reason(what: &str, said: &str) -> String {
    if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") }
}

impl Effect for Program {
    fn run<'a>(&'a self, record: &'a Record, attempt: &'a Attempt) -> BoxFuture<'a, Handled> {
        Box::pin(self.attempt(record, attempt))
    }

    fn target(&self) -> String {
        format!("exec:{}", self.settings.written.join(" "))
    }

    fn traits(&self) -> SinkTraits {
        SinkTraits::opaque("command", "the command")
    }
}
