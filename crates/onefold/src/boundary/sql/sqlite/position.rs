//! How far a partition is, moved in the transaction of the effects.

use onefold_core::identity::TopicId;
use rusqlite::{Connection, OptionalExtension};

use super::statements::Statements;
use crate::boundary::sink::{PassOver, SinkSettings};

/// The rows of one partition, as one transaction sees and moves them.
pub(super) struct Position {
    partition: i32,
    epoch: i64,
    next_offset: i64,
    leader_epoch: Option<i32>,
    /// Finished in this transaction: from the end of the record before it, to its own offset.
    finished: Vec<(i64, i64)>,
}

impl Position {
    /// Reads the row. `None` where the epoch is not the owner's any more: another one took over.
    pub(super) fn read(
        own: &Statements,
        conn: &Connection,
        (group, topic): (&str, &str),
        partition: i32,
        epoch: i64,
    ) -> rusqlite::Result<Option<Position>> {
        let select = r#"SELECT next_offset, leader_epoch FROM onefold_position
            WHERE "group" = ?1 AND topic = ?2 AND partition = ?3 AND epoch = ?4"#;
        let mut select = own.prepared(conn, select)?;
        let row =
            select.query_row((group, topic, partition, epoch), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(row.map(|(next_offset, leader_epoch)| Position {
            partition,
            epoch,
            next_offset,
            leader_epoch,
            finished: Vec::new(),
        }))
    }

    pub(super) fn finished(&mut self, gap_start: i64, offset: i64, leader_epoch: Option<i32>) {
        self.finished.push((gap_start, offset));
        // Of the highest done record, whichever finished last: epochs rise along the log. A lower one would make the next
        // owner take what is done in higher ones for records that were replaced, and run them again.
        self.leader_epoch = self.leader_epoch.max(leader_epoch);
    }

    /// Moves the position over the contiguous prefix; what finished beyond a gap becomes rows of its own. False where
    /// the guarded update found no row.
    pub(super) fn write(
        mut self,
        own: &Statements,
        conn: &Connection,
        (group, topic): (&str, &str),
    ) -> rusqlite::Result<bool> {
        let before = self.next_offset;
        self.finished.sort_unstable_by_key(|(_, offset)| *offset);
        if self.finished.first().is_some_and(|(gap_start, _)| *gap_start <= before) {
            let mut all = done_rows(own, conn, (group, topic), self.partition)?;
            all.append(&mut self.finished);
            all.sort_unstable_by_key(|(_, offset)| *offset);
            let beyond = all.iter().position(|(gap_start, offset)| {
                let reached = *gap_start <= self.next_offset;
                if reached {
                    self.next_offset = self.next_offset.max(*offset + 1);
                }
                !reached
            });
            self.finished = all.split_off(beyond.unwrap_or(all.len()));
        }
        self.write_done(own, conn, (group, topic))?;
        self.write_row(own, conn, (group, topic), before)
    }

    fn write_row(
        &self,
        own: &Statements,
        conn: &Connection,
        (group, topic): (&str, &str),
        before: i64,
    ) -> rusqlite::Result<bool> {
        // Guarded by epoch and by position: of two writers that both believe they own it, one changes nothing.
        let update = r#"UPDATE onefold_position SET next_offset = ?1, leader_epoch = ?2
            WHERE "group" = ?3 AND topic = ?4 AND partition = ?5 AND epoch = ?6 AND next_offset = ?7"#;
        let row = (self.next_offset, self.leader_epoch, group, topic, self.partition, self.epoch, before);
        Ok(own.run(conn, update, row)? == 1)
    }

    fn write_done(&self, own: &Statements, conn: &Connection, (group, topic): (&str, &str)) -> rusqlite::Result<()> {
        let insert = r#"INSERT INTO onefold_done ("group", topic, partition, offset, gap_start)
            VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"#;
        for (gap_start, offset) in &self.finished {
            own.run(conn, insert, (group, topic, self.partition, offset, gap_start))?;
        }
        let delete = r#"DELETE FROM onefold_done
            WHERE "group" = ?1 AND topic = ?2 AND partition = ?3 AND offset < ?4"#;
        own.run(conn, delete, (group, topic, self.partition, self.next_offset))?;
        Ok(())
    }
}

/// Where a partition of this topic stands, whoever has it.
pub(super) fn next_offset(
    own: &Statements,
    conn: &Connection,
    settings: &SinkSettings,
    partition: i32,
) -> rusqlite::Result<Option<i64>> {
    let select = r#"SELECT next_offset FROM onefold_position
        WHERE "group" = ?1 AND topic = ?2 AND partition = ?3 AND cluster_id = ?4 AND topic_id IN (?5, ?6)"#;
    let (group, topic) = (&*settings.group, &*settings.topic);
    // What was written without an id is this topic's, too: see `claim`.
    let (topic_id, unknown) = (settings.topic_id.to_string(), TopicId::UNKNOWN.to_string());
    let key = (group, topic, partition, &*settings.cluster_id, topic_id, unknown);
    own.prepared(conn, select)?.query_row(key, |row| row.get(0)).optional()
}

/// Moves the position over offsets without a record, where it and its owner still are what the caller takes them for.
pub(super) fn pass(
    own: &Statements,
    conn: &Connection,
    settings: &SinkSettings,
    over: PassOver,
) -> rusqlite::Result<()> {
    let update = r#"UPDATE onefold_position SET next_offset = ?1
        WHERE "group" = ?2 AND topic = ?3 AND partition = ?4 AND epoch = ?5 AND next_offset = ?6"#;
    let row = (over.to, &*settings.group, &*settings.topic, over.partition, over.epoch, over.from);
    own.run(conn, update, row).map(drop)
}

/// What is done above the position: (end of the record before, offset), in order.
pub(super) fn done_rows(
    own: &Statements,
    conn: &Connection,
    (group, topic): (&str, &str),
    partition: i32,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let select = r#"SELECT gap_start, offset FROM onefold_done
        WHERE "group" = ?1 AND topic = ?2 AND partition = ?3 ORDER BY offset"#;
    let mut select = own.prepared(conn, select)?;
    select.query_map((group, topic, partition), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
