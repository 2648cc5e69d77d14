//! How a command ends, in a way that a script can use: 0 done, 1 failed, 2 wrong usage (clap's own), 3 refused because
//! a guarantee does not hold or a sink's position belongs elsewhere, 4 not drained within the time that was given.

use crate::console::say;
use std::fmt::Display;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    text: String,
}

pub type Done<T = ()> = Result<T, Failure>;

impl Failure {
    pub fn failed(text: impl Display) -> Failure {
        Failure { code: 1, text: text.to_string() }
    }

    pub fn usage(text: impl Display) -> Failure {
        Failure { code: 2, text: text.to_string() }
    }

    pub fn refused(text: impl Display) -> Failure {
        Failure { code: 3, text: text.to_string() }
    }

    pub fn not_in_time(text: impl Display) -> Failure {
        Failure { code: 4, text: text.to_string() }
    }

    pub fn code(&self) -> u8 {
        self.code
    }

    /// Why, as it is said, without `error: `.
    pub fn text(&self) -> &str {
        self.text.strip_prefix("error: ").unwrap_or(&self.text)
    }

    /// The same with more to it.
    pub fn and(self, more: &str) -> Failure {
        Failure { text: format!("{}{more}", self.text), ..self }
    }

    /// Says why on standard error, and gives the exit code.
    pub fn report(&self) -> ExitCode {
        say(&format!("error: {}", self.text()));
        ExitCode::from(self.code)
    }
}

/// `call().or_failed("cannot do it")?`
pub trait OrFailed<T> {
    fn or_failed(self, what: &str) -> Done<T>;
}

impl<T, E: Display> OrFailed<T> for Result<T, E> {
    fn or_failed(self, what: &str) -> Done<T> {
        self.map_err(|why| Failure::failed(format!("{what}: {why}")))
    }
}
