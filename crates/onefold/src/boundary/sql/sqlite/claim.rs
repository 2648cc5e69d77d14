//! Taking partitions over, and refusing a position that belongs to another cluster.

use onefold_core::identity::TopicId;
use onefold_core::suspects::Suspects;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::statements::Statements;
use super::{position, suspects};
use crate::boundary::sink::{ClaimAt, Claimed, NoteAt, SinkError, SinkSettings};

/// Raises the owner epoch of each partition. Immediate: waits for the transaction of an older owner to end, and then
/// sees what it did.
pub(super) fn claim(
    conn: &mut Connection,
    own: &Statements,
    settings: &SinkSettings,
    wanted: &[ClaimAt],
) -> Result<Vec<Claimed>, SinkError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(down)?;
    check_origin(&tx, settings)?;
    adopt(&tx, settings).map_err(down)?;
    let claimed = wanted.iter().map(|at| claim_one(&tx, own, settings, at)).collect::<rusqlite::Result<Vec<_>>>();
    let mut claimed = claimed.map_err(down)?;
    tx.commit().map_err(down)?;
    for (_, claim) in wanted.iter().zip(&mut claimed).filter(|(at, claim)| is_noted(at, claim.next_offset)) {
        claim.suspects.durable(claim.suspects.note().0, claim.next_offset);
    }
    Ok(claimed)
}

/// Out of range, nothing of it will run: an open note would charge somebody with an end.
fn is_noted(at: &ClaimAt, next_offset: i64) -> bool {
    (at.earliest..=at.end).contains(&next_offset)
}

fn claim_one(conn: &Connection, own: &Statements, settings: &SinkSettings, at: &ClaimAt) -> rusqlite::Result<Claimed> {
    let upsert = r#"INSERT INTO onefold_position ("group", cluster_id, topic_id, topic, partition, epoch, next_offset)
        VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)
        ON CONFLICT DO UPDATE SET epoch = onefold_position.epoch + 1
        RETURNING epoch, next_offset, leader_epoch"#;
    let (group, topic) = (&*settings.group, &*settings.topic);
    let key = (group, &*settings.cluster_id, settings.topic_id.to_string(), topic, at.partition, at.start);
    let (epoch, next_offset, leader_epoch) =
        conn.query_row(upsert, key, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut done: Vec<std::ops::Range<i64>> = Vec::new();
    for (_, offset) in position::done_rows(own, conn, (group, topic), at.partition)? {
        match done.last_mut().filter(|run| run.end == offset) {
            Some(run) => run.end = offset + 1,
            None => done.push(offset..offset + 1),
        }
    }
    let found = suspects::read(own, conn, settings, at.partition)?;
    // A row that was just made begins anew, whatever was noted about one that is gone.
    let found = found.filter(|_| epoch > 1);
    let suspects = Suspects::opened(found, next_offset, at.end, at.suspects);
    if is_noted(at, next_offset) {
        suspects::write(own, conn, settings, at.partition, suspects.note().1)?;
    }
    Ok(Claimed { partition: at.partition, epoch, next_offset, leader_epoch, done, suspects })
}

/// Nothing runs under this claim, whose owner has let the partitions go while it was made: nobody is to be charged for it.
pub(super) fn give_up(
    conn: &mut Connection,
    own: &Statements,
    settings: &SinkSettings,
    wanted: &[ClaimAt],
    claimed: Vec<Claimed>,
) {
    let closed = |(_, mut claim): (&ClaimAt, Claimed)| {
        claim.suspects.close();
        NoteAt { partition: claim.partition, epoch: claim.epoch, note: claim.suspects.note().1 }
    };
    let notes: Vec<NoteAt> =
        wanted.iter().zip(claimed).filter(|(at, claim)| is_noted(at, claim.next_offset)).map(closed).collect();
    if let Err(why) = suspects::write_all(conn, own, settings, &notes) {
        tracing::debug!("the notes of a claim that was given up stay open: {why}");
    }
}

/// What was written while the cluster told no id of the topic (it was older then, or its answer was) is of this topic by all
/// that is known: the cluster is the same, and so is the name. By its id from here on. Whether the topic was made again in
/// between nobody can tell, as ever where there are no ids; a position beyond the log is refused by itself.
fn adopt(conn: &Connection, settings: &SinkSettings) -> rusqlite::Result<()> {
    if settings.topic_id == TopicId::UNKNOWN {
        return Ok(());
    }
    let (id, unknown) = (settings.topic_id.to_string(), TopicId::UNKNOWN.to_string());
    let key = (id, &*settings.group, &*settings.topic, unknown);
    // The notes first, while it shows whose they are.
    let notes = r#"UPDATE onefold_suspects AS note SET topic_id = ?1
        WHERE "group" = ?2 AND topic = ?3 AND topic_id = ?4 AND EXISTS (SELECT 1 FROM onefold_position AS at
            WHERE at."group" = note."group" AND at.topic = note.topic AND at.partition = note.partition
            AND at.topic_id = note.topic_id)"#;
    conn.execute(notes, key.clone())?;
    let positions = r#"UPDATE onefold_position SET topic_id = ?1 WHERE "group" = ?2 AND topic = ?3 AND topic_id = ?4"#;
    let moved = conn.execute(positions, key)?;
    if moved > 0 {
        tracing::info!(
            "{moved} positions of group {} in topic {} were kept without the topic's id: they count for the topic of that \
             name that cluster {} has now (id {})",
            settings.group,
            settings.topic,
            settings.cluster_id,
            settings.topic_id
        );
    }
    Ok(())
}

/// Refuses rows of the same group and topic name under another cluster or topic id: their offsets mean other records. Not
/// those that were written without a topic id, which a claim adopts.
pub(super) fn check_origin(conn: &Connection, settings: &SinkSettings) -> Result<(), SinkError> {
    let select = r#"SELECT cluster_id, topic_id FROM onefold_position
        WHERE "group" = ?1 AND topic = ?2 AND (cluster_id <> ?3 OR topic_id NOT IN (?4, ?5)) LIMIT 1"#;
    let (id, unknown) = (settings.topic_id.to_string(), TopicId::UNKNOWN.to_string());
    let key = (&*settings.group, &*settings.topic, &*settings.cluster_id, id, unknown);
    let row = conn.query_row(select, key, |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(down)?;
    match row {
        Some((cluster_id, topic_id)) => Err(SinkError::Foreign(foreign(conn, settings, cluster_id, topic_id))),
        None => Ok(()),
    }
}

fn foreign(conn: &Connection, settings: &SinkSettings, cluster_id: String, topic_id: String) -> String {
    let (group, topic) = (quoted(&settings.group), quoted(&settings.topic));
    let (cluster, id) = (quoted(&settings.cluster_id), quoted(&settings.topic_id.to_string()));
    let path = conn.path().unwrap_or("the database");
    let run = |sql: String| format!("sqlite3 {} {}", for_shell(path), for_shell(&sql));
    let rows = format!("[group] = {group} AND topic = {topic}");
    // What is done above the old position would be taken for done above the new one.
    let adopt = run(format!(
        "BEGIN; DELETE FROM onefold_done WHERE {rows} AND partition = P; UPDATE onefold_position SET cluster_id = \
         {cluster}, topic_id = {id}, next_offset = N WHERE {rows} AND partition = P; COMMIT"
    ));
    let fresh =
        run(format!("BEGIN; DELETE FROM onefold_position WHERE {rows}; DELETE FROM onefold_done WHERE {rows}; COMMIT"));
    let again = match settings.keep_ids_ms {
        Some(_) => format!(
            "what the topic holds runs again, but for events whose ids are remembered; to run those too: {}",
            run(format!("DELETE FROM onefold_ids WHERE [group] = {group}"))
        ),
        None => "what the topic holds runs again".to_owned(),
    };
    format!(
        "{path} holds the position of group {} in topic {} of cluster {cluster_id} (topic id {topic_id}), \
         but this is cluster {} (topic id {}): its offsets mean other records\n\
         \x20 adopt an offset  {adopt}, with an offset for N, for each partition P\n\
         \x20 start fresh      {fresh}; effects that are there stay, and {again}\n\
         \x20 or stop here     nothing was changed",
        settings.group, settings.topic, settings.cluster_id, settings.topic_id,
    )
}

/// One word for a shell. In double quotes, since the words are full of single ones.
fn for_shell(text: &str) -> String {
    let mut word = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            word.push('\\');
        }
        word.push(letter);
    }
    word.push('"');
    word
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn down(error: rusqlite::Error) -> SinkError {
    SinkError::Down(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use onefold_core::guarantee::Protocol;
    use onefold_core::suspects::SuspectsSettings;

    /// It would count as an end of a process that never ran any of it.
    #[test]
    fn a_claim_that_is_given_up_charges_nobody() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(super::super::schema::TABLES).unwrap();
        let own = Statements::new();
        let settings = SinkSettings {
            group: "g".into(),
            topic: "t".into(),
            cluster_id: "c".into(),
            topic_id: TopicId([1; 16]),
            protocol: Protocol::SinkOffsets,
            keep_ids_ms: None,
            crash: Default::default(),
        };
        let suspects = SuspectsSettings::crashes(3);
        let wanted: Vec<ClaimAt> =
            (0..2).map(|partition| ClaimAt { partition, start: 0, earliest: 0, end: 9, suspects }).collect();
        for _ in 0..5 {
            let claimed = claim(&mut conn, &own, &settings, &wanted).unwrap();
            give_up(&mut conn, &own, &settings, &wanted, claimed);
        }
        let claimed = claim(&mut conn, &own, &settings, &wanted).unwrap();
        assert!(claimed.iter().all(|claim| claim.suspects.note().1.ends == 0 && claim.epoch == 6), "{claimed:?}");
    }
}
