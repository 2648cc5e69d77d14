use crate::placeholders::{Mark, Statement};
use crate::settings::problem::Problem;
use crate::settings::reader::{Located, Reader};
use crate::settings::values::OneOrMore;
use std::path::PathBuf;

/// `[pipelines.NAME.to.sql]`.
#[derive(Debug, Clone)]
pub struct SqlSettings {
    pub url: String,
    pub database: PathBuf,
    /// Run at each start, before the first record.
    pub setup: Vec<String>,
    /// Run in this order for each record, in one transaction.
    pub statements: Located<Vec<Statement>>,
}

pub(super) fn read(mut table: Reader<'_>) -> Option<SqlSettings> {
    let url = table.required::<String>("url", "\"sqlite:data/onefold.db\"");
    let setup = table.optional::<OneOrMore>("setup");
    let statement = table.required::<OneOrMore>("statement", "\"INSERT INTO seen (value) VALUES ({@value})\"");
    let database = url.as_ref().and_then(|url| super::sqlite_path(&table, "url", url));
    let statements = statement.and_then(|written| compile(&table, written));
    table.finish();
    Some(SqlSettings {
        url: url?.value,
        database: database?,
        setup: setup.map(|setup| setup.value.0).unwrap_or_default(),
        statements: statements?,
    })
}

fn compile(table: &Reader<'_>, written: Located<OneOrMore>) -> Option<Located<Vec<Statement>>> {
    let mut statements = vec![];
    for text in &written.value.0 {
        match Statement::compile_all(text, Mark::Question) {
            Ok(more) => statements.extend(more),
            Err(why) => {
                table.problem(Problem::new(written.span.clone(), format!("{}.statement: {why}", table.path)));
                return None;
            }
        }
    }
    if statements.is_empty() {
        table.problem(Problem::new(written.span.clone(), format!("{}.statement is empty", table.path)));
        return None;
    }
    Some(Located { value: statements, span: written.span })
}
