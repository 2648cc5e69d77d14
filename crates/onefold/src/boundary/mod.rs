//! Where effects happen: the sinks, each behind one of two traits.
//!
//! [`Effect`] is an effect somewhere Onefold does not see (an HTTP API, a program, a handler's own code);
//! [`TxEffect`] is one inside a transaction that Onefold lends ([`Tx`]) and alone can end. Nothing here decides about
//! retries, order or commits: a boundary runs one attempt and says how it went.

pub mod sink;
pub mod sql;

pub use futures_util::future::BoxFuture;

use crate::identity::Identity;
use crate::outcome::Handled;
use crate::record::Record;
pub use sql::{Database, Tx};

/// One try at a record's effect.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// 1 for the first try. Tries that did not count (sink down, rate limited) repeat a number.
    pub number: u32,
    pub identity: Identity,
}

/// An effect outside any transaction of ours.
pub trait Effect: Send + Sync + 'static {
    /// One attempt. Cancelled only when the process ends; then it may have happened or not.
    fn run<'a>(&'a self, record: &'a Record, attempt: &'a Attempt) -> BoxFuture<'a, Handled>;

    /// Where the effect goes, as explanations name it: `http://127.0.0.1:8085/receipts`.
    fn target(&self) -> String;

    /// What the computed guarantee depends on.
    fn traits(&self) -> SinkTraits {
        SinkTraits::default()
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

    /// What the effect writes, as explanations name it, below the database's own name; may be empty.
    fn target(&self) -> String {
        String::new()
    }

    /// What the computed guarantee depends on.
    fn traits(&self) -> SinkTraits {
        SinkTraits::default()
    }
}

/// What a sink can do about repeats by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkTraits {
    /// Its writes are guarded by a version and its deletions leave tombstones: a repeat or an older record changes
    /// nothing.
    pub conditional: bool,
    /// In one word, what kind of call it is (`POST`, `run`), for explanations.
    pub verb: Option<&'static str>,
    /// How to make the guarantee stronger at this sink, in words that can be applied as they stand.
    pub to_fix: Option<String>,
}
