//! Which events are known: a row per identity, in the transaction of the effect.

use onefold_core::identity::{Claim, Identity, RowState, StoredRow, claim};
use rusqlite::{Connection, OptionalExtension};

use super::statements::Statements;

/// Writes the identity as done, unless it is there already; says what the record may do. Undone with its savepoint.
pub(super) fn claim_and_mark(
    own: &Statements,
    conn: &Connection,
    group: &str,
    identity: &Identity,
    digest: &[u8],
    now_ms: i64,
) -> rusqlite::Result<Claim> {
    let inserted = write(own, conn, group, identity, digest, RowState::Done, now_ms)?;
    if inserted == 1 {
        return Ok(Claim::New);
    }
    look_up(own, conn, identity, digest)
}

/// What the rows say about an identity.
pub(super) fn look_up(
    own: &Statements,
    conn: &Connection,
    identity: &Identity,
    digest: &[u8],
) -> rusqlite::Result<Claim> {
    let mut select = own.prepared(conn, "SELECT state, digest FROM onefold_ids WHERE identity = ?1")?;
    let row: Option<(String, Vec<u8>)> =
        select.query_row([identity.bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let stored = row.as_ref().map(|(state, digest)| {
        // A state of a later version stands for something that happened: it suppresses, as done does.
        StoredRow { state: RowState::read(state).unwrap_or(RowState::Done), digest }
    });
    Ok(claim(stored, digest))
}

/// Writes a row unless there is one; returns whether it did (0 or 1).
pub(super) fn write(
    own: &Statements,
    conn: &Connection,
    group: &str,
    identity: &Identity,
    digest: &[u8],
    state: RowState,
    now_ms: i64,
) -> rusqlite::Result<usize> {
    let insert = r#"INSERT INTO onefold_ids (identity, digest, state, at_ms, "group") VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO NOTHING"#;
    own.run(conn, insert, (identity.bytes(), digest, state.as_str(), now_ms, group))
}

/// Marks a dead event as done: its record was put back, and this time its effect is there. Returns whether there was such
/// a row (0 or 1).
pub(super) fn revive(
    own: &Statements,
    conn: &Connection,
    identity: &Identity,
    digest: &[u8],
    now_ms: i64,
) -> rusqlite::Result<usize> {
    let update = "UPDATE onefold_ids SET state = 'done', at_ms = ?3
        WHERE identity = ?1 AND digest = ?2 AND state = 'dead'";
    own.run(conn, update, (identity.bytes(), digest, now_ms))
}

/// Forgets a few identities that are older than the window.
pub(super) fn forget_older(
    own: &Statements,
    conn: &Connection,
    group: &str,
    before_ms: i64,
) -> rusqlite::Result<usize> {
    let delete = r#"DELETE FROM onefold_ids WHERE identity IN
        (SELECT identity FROM onefold_ids WHERE "group" = ?1 AND at_ms < ?2 LIMIT 500)"#;
    own.run(conn, delete, (group, before_ms))
}
