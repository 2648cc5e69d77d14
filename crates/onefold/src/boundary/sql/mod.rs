//! Databases whose transaction holds the effect and Onefold's own rows: position, ids, verdicts.
//!
//! A handler is lent the open transaction as [`Tx`] and can do all but end it.

#[cfg(feature = "sqlite")]
pub mod file;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::sync::Arc;

use super::TxEffect;
use super::sink::{Sink, SinkError, SinkSettings};

/// A database that can hold the position beside the effect. Open: another crate can implement it for its own pool.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a database that Onefold can lend a transaction of",
    note = "`Sqlite` is one; implement `Database` for your own"
)]
pub trait Database: Sized + Send + 'static {
    /// The connection that a transaction is open on.
    type Conn: Send + 'static;

    /// What explanations call it: `sqlite:data/loyalty.db`.
    fn target(&self) -> String;

    /// Opens it for one pipeline: makes Onefold's own tables, runs the effect's setup.
    fn sink(self, effect: Arc<dyn TxEffect<Self>>, settings: SinkSettings) -> Result<Arc<dyn Sink>, SinkError>;
}

/// The open transaction, lent to a handler. It has no commit: that belongs to the pipeline.
pub struct Tx<Db: Database> {
    pub(crate) conn: Db::Conn,
}

impl<Db: Database> Tx<Db> {
    /// For implementors of [`Database`]: lends a connection on which a transaction is open.
    pub fn lend(conn: Db::Conn) -> Self {
        Tx { conn }
    }

    /// The connection that the transaction is open on.
    pub fn connection(&mut self) -> &mut Db::Conn {
        &mut self.conn
    }
}
