//! What others may not do on the writer connection. A handler with the transaction it is lent: end it, nest it, or write
//! Onefold's tables. A setup statement: write those tables, or take from the file what durability rests on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// In whose hands the connection is.
#[derive(Clone, Default)]
pub(crate) struct Guard(Arc<AtomicU8>);

const OURS: u8 = 0;
const HANDLER: u8 = 1;
const SETUP: u8 = 2;

impl Guard {
    /// SQLite asks this of every statement that is prepared while a handler runs. Installed once: setting an
    /// authorizer throws all prepared statements away.
    pub(crate) fn install(conn: &Connection) -> rusqlite::Result<Guard> {
        let guard = Guard::default();
        let lent = guard.0.clone();
        let ask = move |context: AuthContext<'_>| {
            let is_denied = match lent.load(Ordering::Relaxed) {
                HANDLER => is_forbidden(&context.action),
                SETUP => weakens(&context.action),
                _ => false,
            };
            if is_denied { Authorization::Deny } else { Authorization::Allow }
        };
        conn.authorizer(Some(ask))?;
        Ok(guard)
    }

    pub(crate) fn lend(&self) {
        self.0.store(HANDLER, Ordering::Relaxed);
    }

    /// From here on a user's setup statements run.
    pub(crate) fn set_up(&self) {
        self.0.store(SETUP, Ordering::Relaxed);
    }

    pub(crate) fn take_back(&self) {
        self.0.store(OURS, Ordering::Relaxed);
    }
}

/// Whether an error says that the guard denied a statement.
pub(crate) fn is_denied(why: &rusqlite::Error) -> bool {
    why.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied)
}

/// What setup statements must leave alone. A pragma that asks, or that sets what is set already, is no harm.
fn weakens(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Pragma { pragma_name, pragma_value: Some(value) } => {
            let is = |kept: &[&str]| kept.iter().any(|kept| value.eq_ignore_ascii_case(kept));
            match pragma_name.to_ascii_lowercase().as_str() {
                "synchronous" => !is(&["full", "extra", "2", "3"]),
                "journal_mode" => !is(&["wal"]),
                "locking_mode" => !is(&["normal"]),
                "writable_schema" => !is(&["off", "0", "no", "false", "reset"]),
                _ => false,
            }
        }
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } | AuthAction::Pragma { .. } => false,
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => false,
        other => is_forbidden(other),
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
