//! `[pipelines.NAME.to.sql]`: statements with placeholders, run in the pipeline's own transaction.
//!
//! Values are bound, never pasted. A record that lacks one, or that a constraint refuses, is poison; what the disk
//! refuses is the sink's trouble.

use super::Tx;
use super::sqlite::Sqlite;
use crate::boundary::{BoxFuture, TxEffect};
use crate::outcome::{Failure, Handled, OrClass, Outcome};
use crate::placeholders::{Fields, Statement};
use crate::record::Record;

/// The statements of a settings file as an effect.
#[derive(Debug, Clone)]
pub struct Statements {
    setup: Vec<String>,
    statements: Vec<Statement>,
}

impl Statements {
    /// `setup` is run at each start; `statements` in this order for each record.
    pub fn new(setup: Vec<String>, statements: Vec<Statement>) -> Statements {
        Statements { setup, statements }
    }

    fn execute(&self, record: &Record, tx: &mut Tx<Sqlite>) -> Result<(), Failure> {
        let fields = Fields::of(record);
        for statement in &self.statements {
            let values = statement.bind(&fields).or_poison()?;
            tx.connection().prepare_cached(&statement.sql)?.execute(rusqlite::params_from_iter(values))?;
        }
        Ok(())
    }
}

impl TxEffect<Sqlite> for Statements {
    fn run<'a>(&'a self, record: &'a Record, tx: &'a mut Tx<Sqlite>) -> BoxFuture<'a, Handled> {
        // SQLite runs inline: there is nothing to wait for.
        Box::pin(std::future::ready(self.execute(record, tx).map(|()| Outcome::Done)))
    }

    fn setup(&self) -> Vec<String> {
        self.setup.clone()
    }

    fn statements(&self) -> Vec<String> {
        self.statements.iter().map(|statement| statement.sql.clone()).collect()
    }
}
