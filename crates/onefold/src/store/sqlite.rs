//! Ids in a SQLite file of their own, or in any that Onefold writes: one row an identity.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onefold_core::identity::{Claim, Identity, RowState};

use super::IdStore;
use crate::boundary::BoxFuture;
use crate::boundary::sink::SinkError;
use crate::boundary::sql::sqlite::IdRows;

/// Ids in SQLite; a mark is durable when it answers. Marks that come together share a transaction.
pub struct SqliteIds {
    rows: Arc<IdRows>,
}

impl SqliteIds {
    /// Opens the file and makes the table where it is missing.
    pub fn open(path: &Path, group: &str, keep: Duration) -> Result<SqliteIds, SinkError> {
        Ok(SqliteIds { rows: Arc::new(IdRows::open(path, group, keep)?) })
    }
}

impl IdStore for SqliteIds {
    fn look_up(&self, identity: Identity, digest: [u8; 16]) -> BoxFuture<'static, Result<Claim, SinkError>> {
        let rows = self.rows.clone();
        Box::pin(async move { rows.look_up(identity, digest).await })
    }

    fn mark(&self, identity: Identity, digest: [u8; 16], state: RowState) -> BoxFuture<'static, Result<(), SinkError>> {
        let rows = self.rows.clone();
        Box::pin(async move { rows.mark(identity, digest, state).await })
    }

    fn forget_old(&self) -> BoxFuture<'static, Result<usize, SinkError>> {
        let rows = self.rows.clone();
        Box::pin(async move { rows.forget_old().await })
    }
}
