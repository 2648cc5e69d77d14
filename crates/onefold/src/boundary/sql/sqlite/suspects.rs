//! Notes of owners, beside the positions that they are about.

use onefold_core::suspects::{Note, Tried};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::claim::down;
use super::statements::Statements;
use crate::boundary::sink::{NoteAt, SinkError, SinkSettings};

/// The note of a partition of this topic. One of another topic of its name is about other records.
pub(super) fn read(
    own: &Statements,
    conn: &Connection,
    settings: &SinkSettings,
    partition: i32,
) -> rusqlite::Result<Option<Note>> {
    let select = r#"SELECT is_open, start, ends, horizon, suspect, deaths FROM onefold_suspects
        WHERE "group" = ?1 AND topic = ?2 AND partition = ?3 AND topic_id = ?4"#;
    let key = (&*settings.group, &*settings.topic, partition, settings.topic_id.to_string());
    Ok(own.prepared(conn, select)?.query_row(key, |row| Ok(note(row).ok())).optional()?.flatten())
}

/// A row that no release writes reads as none: nobody is charged by it.
fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    let tried = row.get::<_, Option<i64>>(4)?.zip(row.get::<_, Option<u32>>(5)?);
    let tried = tried.map(|(offset, deaths)| Tried { offset, deaths });
    Ok(Note { is_open: row.get(0)?, start: row.get(1)?, ends: row.get(2)?, horizon: row.get(3)?, tried })
}

pub(super) fn write(
    own: &Statements,
    conn: &Connection,
    settings: &SinkSettings,
    partition: i32,
    note: Note,
) -> rusqlite::Result<()> {
    let upsert = r#"INSERT OR REPLACE INTO onefold_suspects
        ("group", topic, partition, topic_id, is_open, start, ends, horizon, suspect, deaths)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"#;
    let (suspect, deaths) = (note.tried.map(|tried| tried.offset), note.tried.map(|tried| tried.deaths));
    let (group, topic, topic_id) = (&*settings.group, &*settings.topic, settings.topic_id.to_string());
    let row = (group, topic, partition, topic_id, note.is_open, note.start, note.ends, note.horizon, suspect, deaths);
    own.run(conn, upsert, row).map(drop)
}

/// All of them in one transaction; of each whether its epoch still holds.
pub(super) fn write_all(
    conn: &mut Connection,
    own: &Statements,
    settings: &SinkSettings,
    notes: &[NoteAt],
) -> Result<Vec<bool>, SinkError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(down)?;
    let written = notes.iter().map(|at| write_one(&tx, own, settings, at)).collect::<rusqlite::Result<Vec<_>>>();
    let written = written.map_err(down)?;
    tx.commit().map_err(down)?;
    Ok(written)
}

fn write_one(conn: &Connection, own: &Statements, settings: &SinkSettings, at: &NoteAt) -> rusqlite::Result<bool> {
    let select = r#"SELECT 1 FROM onefold_position
        WHERE "group" = ?1 AND topic = ?2 AND partition = ?3 AND epoch = ?4"#;
    let key = (&*settings.group, &*settings.topic, at.partition, at.epoch);
    let holds = own.prepared(conn, select)?.exists(key)?;
    if holds {
        write(own, conn, settings, at.partition, at.note)?;
    }
    Ok(holds)
}
