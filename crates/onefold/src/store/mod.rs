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

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A dead id whose record was put back is kept for a whole window from then on, and not only from its death.
    async fn a_revived_id_has_its_window_anew(store: &dyn IdStore, age: impl Fn()) {
        let (id, digest) = (Identity::of_event("g", "/checkout", "evt-1"), [7; 16]);
        store.mark(id.clone(), digest, RowState::Dead).await.expect("answers");
        age();
        store.mark(id.clone(), digest, RowState::Done).await.expect("answers");
        assert_eq!(store.forget_old().await.expect("answers"), 0, "it took effect just now");
        assert_ne!(store.look_up(id.clone(), digest).await.expect("answers"), Claim::New);
        age();
        assert_eq!(store.forget_old().await.expect("answers"), 1);
        assert_eq!(store.look_up(id, digest).await.expect("answers"), Claim::New);
    }

    #[tokio::test]
    async fn a_revived_id_has_its_window_anew_in_memory() {
        let store = MemoryIds::keeping(HOUR);
        a_revived_id_has_its_window_anew(&store, || store.age(2 * HOUR)).await;
    }

    #[tokio::test]
    async fn a_revived_id_has_its_window_anew_in_sqlite() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ids.db");
        let store = SqliteIds::open(&path, "g", HOUR).expect("opens");
        let age = || {
            let db = rusqlite::Connection::open(&path).expect("opens");
            assert_eq!(db.execute("UPDATE onefold_ids SET at_ms = at_ms - 7200000", ()).expect("ages"), 1);
        };
        a_revived_id_has_its_window_anew(&store, age).await;
    }
}
