//! Dead records as rows, in the transaction that moves the position over them; a relay publishes them later.

use rusqlite::{Connection, OptionalExtension};

use super::statements::Statements;
use crate::boundary::sink::DeadRow;
use crate::dead_letter::row;
use crate::record::Record;

/// Writes the verdict on `record`, unless it is there already.
pub(super) fn write(
    own: &Statements,
    conn: &Connection,
    group: &str,
    record: &Record,
    letter: &Record,
    reason: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let insert = r#"INSERT INTO onefold_dead ("group", topic_id, topic, partition, offset, reason, at_ms, letter)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING"#;
    let (topic_id, topic) = (record.topic_id.to_string(), &*record.topic);
    let bytes = row::encode(letter);
    own.run(conn, insert, (group, topic_id, topic, record.partition, record.offset, reason, now_ms, bytes))?;
    Ok(())
}

pub(super) fn unpublished(conn: &Connection, group: &str, at_most: usize) -> rusqlite::Result<Vec<DeadRow>> {
    let select =
        r#"SELECT id, letter FROM onefold_dead WHERE "group" = ?1 AND letter IS NOT NULL ORDER BY id LIMIT ?2"#;
    let mut select = conn.prepare(select)?;
    let rows = select.query_map((group, at_most as i64), |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let mut found = Vec::new();
    for stored in rows {
        let (row, bytes) = stored?;
        match row::decode(&bytes) {
            Some(letter) => found.push(DeadRow { row, letter }),
            None => tracing::error!(row, "a row of onefold_dead holds a letter that this version cannot read"),
        }
    }
    Ok(found)
}

/// The verdict stays; the letter's bytes are in the topic now.
pub(super) fn published(conn: &Connection, rows: &[i64]) -> rusqlite::Result<()> {
    let mut update = conn.prepare("UPDATE onefold_dead SET letter = NULL WHERE id = ?1 RETURNING id")?;
    for row in rows {
        update.query_row([row], |row| row.get::<_, i64>(0)).optional()?;
    }
    Ok(())
}
