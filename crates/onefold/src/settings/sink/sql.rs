use crate::placeholders::{Mark, Statement, quoted_placeholders, split};
use crate::settings::problem::{Fix, Problem};
use crate::settings::reader::{Located, Reader};
use crate::settings::values::OneOrMore;
use std::ops::Range;
use std::path::PathBuf;

/// `[pipelines.NAME.to.sql]`.
#[derive(Debug, Clone)]
pub struct SqlSettings {
    pub url: String,
    /// Empty only while a file is checked that does not name it.
    pub database: PathBuf,
    /// Run at each start, before the first record.
    pub setup: Vec<String>,
    /// Run in this order for each record, in one transaction.
    pub statements: Located<Vec<Statement>>,
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only SQLite tries statements before they run"))]
    pub(crate) written: Written,
}

/// Where the SQL stands in the file, for what is found when it is tried.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only SQLite tries statements before they run"))]
pub(crate) struct Written {
    pub setup: Range<usize>,
    /// One for each statement.
    pub statements: Vec<Range<usize>>,
}

pub(super) fn read(mut table: Reader<'_>) -> Option<SqlSettings> {
    let url = table.required::<String>("url", "\"sqlite:data/onefold.db\"");
    let setup = table.optional::<OneOrMore>("setup");
    let statement = table.required::<OneOrMore>("statement", "\"INSERT INTO seen (value) VALUES ({@value})\"");
    let database = url.as_ref().and_then(|url| super::sqlite_path(&table, "url", url));
    let statements = statement.and_then(|written| compile(&table, &written));
    let table_span = table.span.clone();
    let span = setup.as_ref().map_or(0..0, |setup| setup.span.clone());
    table.finish();
    // What is wrong is noted by now, and no file is given out; the rest of it is checked all the same.
    let none = || (Located { value: vec![], span: table_span.clone() }, vec![]);
    let (statements, places) = statements.unwrap_or_else(none);
    Some(SqlSettings {
        url: url.map(|url| url.value).unwrap_or_default(),
        database: database.unwrap_or_default(),
        setup: setup.map(|setup| setup.value.0).unwrap_or_default(),
        statements,
        written: Written { setup: span, statements: places },
    })
}

type Compiled = (Located<Vec<Statement>>, Vec<Range<usize>>);

fn compile(table: &Reader<'_>, written: &Located<OneOrMore>) -> Option<Compiled> {
    let wrong = |at: Range<usize>, why: &str| table.problem(Problem::new(at, format!("{}.statement{why}", table.path)));
    let (mut statements, mut places) = (vec![], vec![]);
    for text in &written.value.0 {
        let parts = split(text).map_err(|why| wrong(written.span.clone(), &format!(": {why}"))).ok()?;
        for part in parts {
            let place = table.found.source.find(&written.span, part);
            let compiled = Statement::compile(part, Mark::Question);
            statements.push(compiled.map_err(|why| wrong(place.clone(), &format!(": {why}"))).ok()?);
            in_quotes(table, part, &place);
            places.push(place);
        }
    }
    if statements.is_empty() {
        wrong(written.span.clone(), " is empty");
        return None;
    }
    Some((Located { value: statements, span: written.span.clone() }, places))
}

/// In quotes a placeholder is text: what would be stored is its name, for every record.
fn in_quotes(table: &Reader<'_>, statement: &str, place: &Range<usize>) {
    let source = table.found.source;
    for found in quoted_placeholders(statement) {
        let at = source.find(place, found.literal);
        let what = format!("{}.statement: {} stands in quotes, where it is text and no value", table.path, found.hole);
        let to_do = match found.unquoted {
            Some(_) => "leave the quotes out: values are bound, and need none",
            None => "bind it outside of quotes; SQLite puts JSON together with json_object('name', {path})",
        };
        // A literal that is written with TOML's escapes is not in the file as it is in the statement.
        let is_there = source.slice(at.clone()) == found.literal && !found.literal.contains('\n');
        let fix = found.unquoted.filter(|_| is_there).map(|bound| Fix::replace(source, at.clone(), bound));
        let meant = format!("if this very text is meant: '{{' || '{}'", &found.hole[1..]);
        let problem = Problem::new(at, what).because("to do", to_do).because("else", meant);
        table.problem(problem.fix(fix));
    }
}
