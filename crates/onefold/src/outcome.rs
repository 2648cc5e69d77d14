//! What a handler says about a record, and how an error says what to do about it.

use std::{error::Error, fmt, time::Duration};

pub use onefold_core::ErrorClass;

/// What a handler decided about one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The effect is done and durable.
    Done,
    /// Nothing to do for this record, and why.
    Skip(&'static str),
    /// The sink holds this version or a newer one: a repeat that the boundary itself caught.
    Stale(&'static str),
    /// Try again after this long; counts as an attempt.
    Retry(Duration),
    /// This record can never succeed: to the dead letters, with the reason.
    Dead(String),
}

/// Any error, with its class. Like `anyhow::Error` it is not `std::error::Error` itself, so that `?` turns every
/// error into it.
pub struct Failure {
    pub class: ErrorClass,
    pub source: Box<dyn Error + Send + Sync>,
    /// How long the sink asked to be left alone, where it did.
    pub retry_after: Option<Duration>,
    /// The effect surely did not happen: another attempt repeats nothing, also where a record runs at most once.
    pub without_effect: bool,
}

/// What a handler returns when `?` is to work in it.
pub type Handled<E = Failure> = Result<Outcome, E>;

impl Failure {
    /// An error with a class of your choice.
    pub fn new(class: ErrorClass, source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure { class, source: source.into(), retry_after: None, without_effect: false }
    }

    /// The record is at fault: no retry can help.
    pub fn poison(source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::new(ErrorClass::Poison, source)
    }

    /// It may work next time.
    pub fn transient(source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::new(ErrorClass::Transient, source)
    }

    /// The sink asks for a slower pace; no attempt is counted.
    pub fn rate_limited(after: Duration, source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure { retry_after: Some(after), ..Failure::new(ErrorClass::RateLimited, source) }
    }

    /// The sink is not there: pause, count no attempt, probe with one record.
    pub fn sink_down(source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::new(ErrorClass::SinkDown, source)
    }

    /// The effect may or may not have happened.
    pub fn ambiguous(source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::new(ErrorClass::Ambiguous, source)
    }

    /// The same failure, to be tried again no sooner than this.
    pub fn retry_after(mut self, after: Duration) -> Failure {
        self.retry_after = Some(after);
        self
    }

    /// The same failure, of which it is known that it came before the effect: no connection could be opened. Where a
    /// record runs at most once, any other one is not tried again.
    pub fn without_effect(mut self) -> Failure {
        self.without_effect = true;
        self
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let any: &(dyn Error + 'static) = &error;
        Failure::new(class_of(any), error)
    }
}

fn class_of(error: &(dyn Error + 'static)) -> ErrorClass {
    if error.is::<serde_json::Error>() {
        return ErrorClass::Poison;
    }
    #[cfg(feature = "sqlite")]
    if let Some(error) = error.downcast_ref::<rusqlite::Error>() {
        return crate::boundary::sql::sqlite::class_of(error);
    }
    ErrorClass::Transient
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A `main` that returns it prints it so: what went wrong comes first, and its class only for those who ask (`{:#?}`).
        match f.alternate() {
            true => write!(f, "{} ({:?})", self.source, self.class),
            false => fmt::Display::fmt(&self.source, f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

/// For an error type of your own: `async fn f(..) -> Handled<MyError>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the runtime should do with it",
    label = "this error has no class",
    note = "return `Handled` (= `Result<Outcome, Failure>`): `?` turns any std error into `Failure`",
    note = "or implement `Classify` for your own error type"
)]
pub trait Classify {
    fn classify(&self) -> ErrorClass;

    /// How long the sink asked to be left alone, where it did.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The error with its class, as the runtime takes it.
    fn into_failure(self) -> Failure
    where
        Self: fmt::Debug + Sized,
    {
        let (class, retry_after) = (self.classify(), self.retry_after());
        Failure { retry_after, ..Failure::new(class, format!("{self:?}")) }
    }
}

impl Classify for Failure {
    fn classify(&self) -> ErrorClass {
        self.class
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn into_failure(self) -> Failure {
        self
    }
}

impl Classify for std::convert::Infallible {
    fn classify(&self) -> ErrorClass {
        match *self {}
    }
}

/// `parse(x).or_poison()?`, `call().await.or_ambiguous()?`
pub trait OrClass<T> {
    /// The record is at fault: no retry can help.
    fn or_poison(self) -> Result<T, Failure>;
    /// The effect may have happened all the same.
    fn or_ambiguous(self) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> OrClass<T> for Result<T, E> {
    fn or_poison(self) -> Result<T, Failure> {
        self.map_err(Failure::poison)
    }

    fn or_ambiguous(self) -> Result<T, Failure> {
        self.map_err(Failure::ambiguous)
    }
}

/// What a handler may return: `()`, `Outcome`, or a `Result` of them.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "not an outcome",
    note = "return `()`, `Outcome` or `Handled` (= `Result<Outcome, Failure>`, the one in which `?` works)"
)]
pub trait IntoOutcome {
    fn into_outcome(self) -> Handled;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Handled {
        Ok(Outcome::Done)
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Handled {
        Ok(self)
    }
}

impl<T: IntoOutcome, E: Classify + fmt::Debug> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Handled {
        match self {
            Ok(done) => done.into_outcome(),
            Err(error) => Err(error.into_failure()),
        }
    }
}
