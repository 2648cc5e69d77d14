//! Onefold's own tables in a user's database. Their names and columns are an interface: tools and people read them.

/// Bears being run at each start.
pub(crate) const TABLES: &str = r#"
CREATE TABLE IF NOT EXISTS onefold_position (
    "group" TEXT NOT NULL, cluster_id TEXT NOT NULL, topic_id TEXT NOT NULL, topic TEXT NOT NULL,
    partition INTEGER NOT NULL, epoch INTEGER NOT NULL, next_offset INTEGER NOT NULL, leader_epoch INTEGER,
    PRIMARY KEY ("group", topic, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS onefold_done (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
    gap_start INTEGER NOT NULL,
    PRIMARY KEY ("group", topic, partition, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS onefold_suspects (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, topic_id TEXT NOT NULL,
    is_open INTEGER NOT NULL, start INTEGER NOT NULL, ends INTEGER NOT NULL, horizon INTEGER NOT NULL,
    suspect INTEGER, deaths INTEGER,
    PRIMARY KEY ("group", topic, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS onefold_ids (
    identity BLOB NOT NULL PRIMARY KEY, digest BLOB NOT NULL, state TEXT NOT NULL, at_ms INTEGER NOT NULL,
    "group" TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS onefold_ids_by_age ON onefold_ids ("group", at_ms);
CREATE TABLE IF NOT EXISTS onefold_dead (
    id INTEGER PRIMARY KEY, "group" TEXT NOT NULL, topic_id TEXT NOT NULL, topic TEXT NOT NULL,
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL,
    letter BLOB,
    UNIQUE ("group", topic_id, partition, offset));
CREATE INDEX IF NOT EXISTS onefold_dead_unpublished ON onefold_dead ("group") WHERE letter IS NOT NULL;
"#;
