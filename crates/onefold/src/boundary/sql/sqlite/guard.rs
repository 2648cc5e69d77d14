//! What a handler may not do with the transaction it is lent: end it, nest it, or write Onefold's tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Whether the connection is in a handler's hands.
#[derive(Clone, Default)]
pub(crate) struct Guard(Arc<AtomicBool>);

impl Guard {
    /// SQLite asks this of every statement that is prepared while a handler runs. Installed once: setting an
    /// authorizer throws all prepared statements away.
    pub(crate) fn install(conn: &Connection) -> rusqlite::Result<Guard> {
        let guard = Guard::default();
        let lent = guard.0.clone();
        let ask = move |context: AuthContext<'_>| match lent.load(Ordering::Relaxed) && is_forbidden(&context.action) {
            true => Authorization::Deny,
            false => Authorization::Allow,
        };
        conn.authorizer(Some(ask))?;
        Ok(guard)
    }

    pub(crate) fn lend(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_back(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn is_forbidden(action: &AuthAction<'_>) -> bool {
    use AuthAction::*;
    match action {
        Transaction { .. } | Savepoint { .. } | Attach { .. } | Detach { .. } => true,
        // FTS5 asks this one of itself at every write; it only reads.
        Pragma { pragma_name: "data_version", pragma_value: None } => false,
        Pragma { .. } => true,
        Insert { table_name } | Update { table_name, .. } | Delete { table_name } => is_ours(table_name),
        DropTable { table_name } | AlterTable { table_name, .. } | DropVtable { table_name, .. } => is_ours(table_name),
        CreateTrigger { table_name, .. } | CreateIndex { table_name, .. } => is_ours(table_name),
        DropIndex { table_name, .. } | DropTrigger { table_name, .. } => is_ours(table_name),
        CreateTempTrigger { table_name, .. } | CreateTempIndex { table_name, .. } => is_ours(table_name),
        CreateTable { table_name } | CreateVtable { table_name, .. } => is_ours(table_name),
        // SQLite looks for a name among the temporary ones first: ours would be hidden behind them.
        CreateTempTable { table_name } | CreateTempView { view_name: table_name } => is_ours(table_name),
        CreateView { view_name } => is_ours(view_name),
        _ => false,
    }
}

fn is_ours(table: &str) -> bool {
    // SQLite's names know no case.
    table.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("onefold_"))
}
