//! `[pipelines.NAME.to.KIND]`: where a pipeline's effects go. One file a kind.

mod environment;
mod exec;
mod http;
mod search;
mod sql;

pub use exec::ExecSettings;
pub use http::{HeaderSetting, HttpSettings};
pub use search::SearchSettings;
pub use sql::SqlSettings;

use super::problem::{Fix, Problem};
use super::reader::{Located, Reader};
use super::values::Span;
use std::path::PathBuf;

#[derive(Debug, Clone)]
pub enum SinkSettings {
    Sql(SqlSettings),
    Http(HttpSettings),
    Search(SearchSettings),
    Exec(ExecSettings),
}

impl SinkSettings {
    /// The word in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            SinkSettings::Sql(_) => "sql",
            SinkSettings::Http(_) => "http",
            SinkSettings::Search(_) => "search",
            SinkSettings::Exec(_) => "exec",
        }
    }

    /// The SQLite file that holds effect and position together, for the kinds that have one.
    pub fn database(&self) -> Option<&PathBuf> {
        match self {
            SinkSettings::Sql(sql) => Some(&sql.database),
            SinkSettings::Search(search) => Some(&search.database),
            SinkSettings::Http(_) | SinkSettings::Exec(_) => None,
        }
    }
}

pub(crate) fn read(pipeline: &mut Reader<'_>) -> Option<SinkSettings> {
    if !pipeline.has("to") && !pipeline.misspells("to") {
        let example = "to.http = { url = \"http://127.0.0.1:8080/\" }".to_owned();
        let what = format!("{} goes nowhere: it has no `to`", pipeline.path);
        pipeline.problem(Problem::new(pipeline.span.clone(), what).fix(pipeline.add(&[example])).missing());
    }
    let mut to = pipeline.table("to")?;
    let sinks = [
        to.table("sql").and_then(sql::read).map(SinkSettings::Sql),
        to.table("http").and_then(http::read).map(SinkSettings::Http),
        to.table("search").and_then(search::read).map(SinkSettings::Search),
        to.table("exec").and_then(exec::read).map(SinkSettings::Exec),
    ];
    let written = ["sql", "http", "search", "exec"].into_iter().filter(|kind| to.has(kind)).collect::<Vec<_>>();
    if written.len() > 1 {
        let span = to.key_span(written[1]).unwrap_or(to.span.clone());
        let what = format!(
            "{} has {}: one pipeline, one effect (a second pipeline can read the same topic)",
            to.path,
            written.join(" and ")
        );
        to.problem(Problem::new(span, what));
    }
    to.finish();
    sinks.into_iter().flatten().next()
}

/// Notes a time in which nothing can be done.
fn is_some_time(table: &Reader<'_>, timeout: &Located<Span>, usual: &str) -> bool {
    if !timeout.value.0.is_zero() {
        return true;
    }
    let what = format!("{}.timeout is 0: nothing can be done in no time", table.path);
    let fix = Fix::replace(table.found.source, timeout.span.clone(), format!("\"{usual}\""));
    table.problem(Problem::new(timeout.span.clone(), what).fix(fix));
    false
}

/// `sqlite:PATH`, relative to the file.
pub(crate) fn sqlite_path(table: &Reader<'_>, key: &str, url: &Located<String>) -> Option<PathBuf> {
    let wrong = |what: &str| Problem::new(url.span.clone(), format!("{}.{key}: {what}", table.path));
    let replace = |with: String| Fix::replace(table.found.source, url.span.clone(), with);
    let Some(path) = url.strip_prefix("sqlite:") else {
        let problem = wrong(&format!("\"{}\" is no database of this build; it has SQLite: \"sqlite:PATH\"", url.value));
        let plain = !url.contains(':') && !url.is_empty();
        table.problem(problem.fix(plain.then(|| replace(format!("\"sqlite:{}\"", url.value)))));
        return plain.then(|| table.found.source.resolve(url));
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains(":memory:") {
        table.problem(
            wrong("what is kept must outlive the process, so it needs a file")
                .fix(replace("\"sqlite:data/onefold.db\"".into())),
        );
        return None;
    }
    let path = table.found.source.resolve(path);
    if let Some((why, to_do)) =
        Some(&path).filter(|_| table.found.look == super::Look::Folders).and_then(|at| unusable(at))
    {
        let problem = wrong(&why);
        table.problem(to_do.into_iter().fold(problem, |problem, to_do| problem.because("to do", to_do)));
    }
    Some(path)
}

/// Why no database can be at this path here and now, and what to do where that is not plain.
fn unusable(path: &std::path::Path) -> Option<(String, Option<&'static str>)> {
    if let Some(why) = crate::settings::folder::cannot_be_made(path) {
        return Some((why, None));
    }
    #[cfg(feature = "sqlite")]
    if crate::settings::sql_tried::is_no_database(path) {
        let why = format!("{} is there, and is no SQLite database, or an encrypted one", path.display());
        return Some((why, Some("name another file, or move this one away: where there is none, a database is made")));
    }
    None
}
