//! Where ids are remembered beside a sink that cannot hold them: checked before the effect, marked after it.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use onefold_core::identity::{Claim, Identity, RowState};

use crate::boundary::BoxFuture;
use crate::boundary::sink::SinkError;
pub use memory::MemoryIds;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteIds;

/// A store of identities. Names say what is written: `look_up` writes nothing, `mark` does.
pub trait IdStore: Send + Sync + 'static {
    /// What a record with this payload may do.
    fn look_up(&self, identity: Identity, digest: [u8; 16]) -> BoxFuture<'static, Result<Claim, SinkError>>;

    /// Writes how the record ended; durable, as far as the store is, when it answers. The first mark wins,
    /// but that done replaces dead (a record that was put back).
    fn mark(&self, identity: Identity, digest: [u8; 16], state: RowState) -> BoxFuture<'static, Result<(), SinkError>>;

    /// Forgets a few that are older than the window; returns how many. 0: none is left.
    fn forget_old(&self) -> BoxFuture<'static, Result<usize, SinkError>>;
}
