//! Where effects happen: the sinks, each behind one of two traits.
//!
//! [`Effect`] is an effect somewhere Onefold does not see (an HTTP API, a program, a handler's own code);
//! [`TxEffect`] is one inside a transaction that Onefold lends ([`Tx`]) and alone can end. Nothing here decides about
//! retries, order or commits: a boundary runs one attempt and says how it went.

#[cfg(feature = "exec")]
pub mod exec;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "search")]
pub mod search;
pub mod sink;
pub mod sql;

pub use futures_util::future::BoxFuture;
pub use onefold_core::guarantee::{Fix, Kept, SinkTraits};

use crate::identity::Identity;
use crate::outcome::{Failure, Handled};
use crate::record::Record;
pub use sql::{Database, Tx};

/// One try at a record's effect.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// 1 for the first try. Tries that did not count (sink down, rate limited) repeat a number.
    pub number: u32,
    pub identity: Identity,
}

/// Memory for one attempt at a time.
#[doc(hidden)]
pub type Place = tokio_util::sync::ReusableBoxFuture<'static, Handled>;

/// An effect outside any transaction of ours.
pub trait Effect: Send + Sync + 'static {
    /// One attempt. Cancelled only when the process ends; then it may have happened or not.
    fn run<'a>(&'a self, record: &'a Record, attempt: &'a Attempt) -> BoxFuture<'a, Handled>;

    /// Whether [`Effect::begin_in`] can be called.
    #[doc(hidden)]
    fn has_place(&self) -> bool {
        false
    }

    /// One attempt in memory that is there already, for an effect that asks nothing of the record once it has begun.
    #[doc(hidden)]
    fn begin_in(&self, _record: &Record, _place: &mut Place) {}

    /// Where the effect goes, as explanations name it: `http://127.0.0.1:8085/receipts`.
    fn target(&self) -> String;

    /// What the computed guarantee depends on.
    fn traits(&self) -> SinkTraits {
        SinkTraits::handler()
    }

    /// Changes that would make the guarantee stronger, as the user would make them.
    fn fixes(&self) -> Vec<Fix> {
        Vec::new()
    }
}

/// An effect in a transaction of `Db`, beside the pipeline's own rows.
pub trait TxEffect<Db: Database>: Send + Sync + 'static {
    /// One attempt. Whatever it wrote is rolled back unless it ends in `Ok(Outcome::Done)`.
    fn run<'a>(&'a self, record: &'a Record, tx: &'a mut Tx<Db>) -> BoxFuture<'a, Handled>;

    /// Statements run once before the first record; they must bear being run again at each start.
    fn setup(&self) -> Vec<String> {
        Vec::new()
    }

    /// The statements that each record runs, as far as they are known before: tried before the first record.
    fn statements(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the effect writes, as explanations name it, below the database's own name; may be empty.
    fn target(&self) -> String {
        String::new()
    }

    /// What the computed guarantee depends on, in a database of this name.
    fn traits(&self, database: &str) -> SinkTraits {
        SinkTraits::database(database, true)
    }
}

/// A handler's panic as a failed attempt.
pub(crate) fn panic_failure(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure::transient(format!("the handler panicked: {}", text.unwrap_or("no message")))
}
