//! SQL is tried on an empty database in memory, as it will run: lent, so that a slip is found here and not at the first
//! record.

use super::problem::Problem;
use super::{PipelineSettings, SinkSettings};
use crate::boundary::sql::sqlite::Guard;
use rusqlite::Connection;
use std::ops::Range;

pub(super) fn problems(pipeline: &PipelineSettings) -> Vec<Problem> {
    let SinkSettings::Sql(sql) = &pipeline.to else { return vec![] };
    let Ok(database) = Connection::open_in_memory() else { return vec![] };
    let Ok(guard) = Guard::install(&database) else { return vec![] };
    let wrong = |key: &str, at: &Range<usize>, why: &rusqlite::Error| {
        let what = format!("pipelines.{}.to.sql.{key}: {}", pipeline.name.value, first_line(&why.to_string()));
        Problem::new(at.clone(), what)
    };
    let tried = sql.setup.iter().filter_map(|setup| database.execute_batch(setup).err());
    let broken: Vec<_> = tried.filter(is_a_slip).map(|why| wrong("setup", &sql.written.setup, &why)).collect();
    if !broken.is_empty() {
        return broken;
    }
    guard.lend();
    let statements = sql.statements.value.iter().zip(&sql.written.statements);
    let tried = statements.filter_map(|(statement, at)| match database.prepare(&statement.sql) {
        Ok(prepared) if prepared.column_count() > 0 => Some(returns_rows(&pipeline.name.value, at)),
        Ok(_) => None,
        Err(why) if is_denied(&why) => Some(ends_the_transaction(&pipeline.name.value, at)),
        Err(why) => is_a_slip(&why).then(|| wrong("statement", at, &why)),
    });
    tried.collect()
}

/// The file's tables may be made by someone else: that one is not there proves nothing.
fn is_a_slip(why: &rusqlite::Error) -> bool {
    let why = why.to_string();
    !why.contains("no such table") && !why.contains("no such function")
}

fn is_denied(why: &rusqlite::Error) -> bool {
    why.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied)
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

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}
