//! SQL is tried on a database in memory, as it will run: lent, so that a slip is found here and not at the first record.
//!
//! Where it will run (`here`), that database is like the one that it stands for: with the tables of the file, if there is
//! one, and what the `setup` of every pipeline on it makes. Elsewhere that a table is not there proves nothing.

mod schema;
mod setup;

use super::problem::Problem;
use super::source::Source;
use super::{PipelineSettings, SinkSettings, SqlSettings};
use crate::boundary::sql::sqlite::{Guard, TABLES, is_denied, try_in_memory};
use rusqlite::Connection;
pub(super) use schema::{Known, copy, is_no_database};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

/// What is wrong with the SQL of this pipeline, among all of the file.
pub(super) fn problems(
    source: &Source,
    pipeline: &PipelineSettings,
    all: &[PipelineSettings],
    here: bool,
) -> Vec<Problem> {
    let SinkSettings::Sql(sql) = &pipeline.to else { return vec![] };
    let Ok(database) = Connection::open_in_memory() else { return vec![] };
    let Ok(guard) = Guard::install(&database) else { return vec![] };
    let is_told = here && !sql.database.as_os_str().is_empty();
    let known = if is_told { copy(&sql.database, &database) } else { Known::Nothing };
    // Onefold's own are there before any setup runs.
    let _ = database.execute_batch(TABLES);
    if is_told {
        set_up_by_others(&database, pipeline, &sql.database, all);
    }
    let name = &pipeline.name.value;
    let (mut found, is_whole) = setup::problems(source, name, sql, (&database, &guard), known);
    let texts: Vec<String> = sql.statements.value.iter().map(|statement| statement.sql.clone()).collect();
    let Ok(mut failed) = try_in_memory(&database, &guard, &texts) else { return found };
    // A table that is not there may be one that the setup would have made.
    failed.retain(|(_, why)| is_whole || !is_about_tables(why));
    let mut failed: HashMap<usize, rusqlite::Error> = failed.into_iter().collect();
    let each =
        (0..texts.len()).filter_map(|nth| statement_problem(name, sql, nth, &database, failed.remove(&nth), known));
    found.extend(each);
    found
}

/// What others make on the same file is there when the first record runs; their mistakes are told as theirs.
pub(super) fn set_up_by_others(
    stand_in: &Connection,
    pipeline: &PipelineSettings,
    database: &Path,
    all: &[PipelineSettings],
) {
    let others = all.iter().filter(|other| other.name.value != pipeline.name.value);
    others.flat_map(|other| setup_on(other, database)).for_each(|setup| drop(stand_in.execute_batch(&setup)));
}

/// What another pipeline makes in this database.
fn setup_on(other: &PipelineSettings, database: &Path) -> Vec<String> {
    match &other.to {
        SinkSettings::Sql(of) if of.database == database => of.setup.clone(),
        #[cfg(feature = "search")]
        SinkSettings::Search(of) if of.database == database => {
            use crate::boundary::TxEffect;
            crate::boundary::search::SearchIndex::new(of.clone()).setup()
        }
        _ => vec![],
    }
}

fn statement_problem(
    name: &str,
    sql: &SqlSettings,
    nth: usize,
    on: &Connection,
    why: Option<rusqlite::Error>,
    known: Known,
) -> Option<Problem> {
    let (statement, at) = (&sql.statements.value[nth], &sql.written.statements[nth]);
    match why {
        None => {
            let rows = on.prepare(&statement.sql).is_ok_and(|prepared| prepared.column_count() > 0);
            rows.then(|| returns_rows(name, at))
        }
        Some(why) if is_denied(&why) => Some(ends_the_transaction(name, at)),
        Some(why) if !is_proven(&why, known) => None,
        Some(why) => {
            let problem = wrong(name, "statement", at, &why);
            match known.told(&sql.database).filter(|_| is_about_tables(&why)) {
                Some(told) => Some(problem.because("looked at", told)),
                None => Some(problem),
            }
        }
    }
}

fn wrong(name: &str, key: &str, at: &Range<usize>, why: &rusqlite::Error) -> Problem {
    let why = why.to_string();
    let what = format!("pipelines.{name}.to.sql.{key}: {}", why.lines().next().unwrap_or(&why));
    Problem::new(at.clone(), what)
}

fn is_about_tables(why: &rusqlite::Error) -> bool {
    let why = why.to_string();
    ["no such table", "no such column", "has no column named", "no such index", "no such view"]
        .iter()
        .any(|missing| why.contains(missing))
}

/// Tables may be made by someone else, where nothing is known of the file; functions may be loaded by an extension.
fn is_proven(why: &rusqlite::Error, known: Known) -> bool {
    let text = why.to_string();
    let no_table = text.contains("no such table") && known == Known::Nothing;
    !no_table && !text.contains("no such function") && !text.contains("no such module")
}

fn ends_the_transaction(pipeline: &str, at: &Range<usize>) -> Problem {
    let what = format!(
        "pipelines.{pipeline}.to.sql.statement: what belongs to the pipeline's own transaction is not taken here"
    );
    Problem::new(at.clone(), what)
        .because("not taken", "BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ATTACH, PRAGMA, and writes to onefold_* tables")
        .because("to do", "leave it out: all statements of a record commit together, with its position")
}

fn returns_rows(pipeline: &str, at: &Range<usize>) -> Problem {
    let what = format!("pipelines.{pipeline}.to.sql.statement returns rows, and nobody takes them");
    Problem::new(at.clone(), what)
        .because("to do", "leave RETURNING out; a SELECT has an effect only inside INSERT, UPDATE or DELETE")
}
