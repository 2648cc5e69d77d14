use crate::placeholders::Path;
use crate::settings::problem::{Fix, Problem};
use crate::settings::reader::{Located, Reader};
use crate::settings::words::Paths;
use std::ops::Range;
use std::path::PathBuf;

/// `[pipelines.NAME.to.search]`: the newest version of each document, in a table and its full-text index.
#[derive(Debug, Clone)]
pub struct SearchSettings {
    pub url: String,
    pub database: PathBuf,
    /// The content table; the index is `INDEX_fts`.
    pub index: String,
    pub id: Path,
    /// An integer that grows with each change of a document.
    pub version: Path,
    /// True deletes the document; a tombstone with its version stays.
    pub deleted: Option<Path>,
    /// What is searched, a column each, named by the path's last name.
    pub text: Vec<Path>,
    /// Where the index is named.
    #[cfg_attr(not(feature = "search"), expect(dead_code, reason = "only where indexes are looked at is it blamed"))]
    pub(crate) written: Range<usize>,
}

pub(super) fn read(mut table: Reader<'_>) -> Option<SearchSettings> {
    let url = table.required::<String>("url", "\"sqlite:data/search.db\"");
    let index = table.required::<String>("index", "\"documents\"");
    let id = table.required::<Path>("id", "\"id\"");
    let version = table.required::<Path>("version", "\"data.version\"");
    let deleted = table.optional::<Path>("deleted");
    let text = table.required::<Paths>("text", "[\"data.text\"]");
    let database = url.as_ref().and_then(|url| super::sqlite_path(&table, "url", url));
    let index = index.filter(|index| legal_index(&table, index));
    let text = text.filter(|text| distinct_columns(&table, index.as_ref().map(|index| index.as_str()), text));
    table.finish();
    let written = index.as_ref().map_or(0..0, |index| index.span.clone());
    // As in `sql`.
    let some = || Path::Value;
    Some(SearchSettings {
        url: url.map(|url| url.value).unwrap_or_default(),
        database: database.unwrap_or_default(),
        index: index.map_or_else(|| "documents".to_owned(), |index| index.value),
        id: id.map_or_else(some, |id| id.value),
        version: version.map_or_else(some, |version| version.value),
        deleted: deleted.map(|path| path.value),
        text: text.map(|text| text.value.0).unwrap_or_default(),
        written,
    })
}

/// The index becomes the name of tables that people type into `sqlite3`.
fn legal_index(table: &Reader<'_>, index: &Located<String>) -> bool {
    let start = index.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let plain = start && index.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let own = index.to_ascii_lowercase();
    let taken = own.starts_with("onefold_") || own.starts_with("sqlite_");
    if plain && !taken {
        return true;
    }
    let why = if taken { "names beginning so are taken" } else { "it becomes a table: letters, digits and `_`" };
    let mended: String = index.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mended = format!("\"i_{}\"", mended.trim_start_matches('_'));
    let fix = Fix::replace(table.found.source, index.span.clone(), mended);
    table.problem(Problem::new(index.span.clone(), format!("{}.index: {why}", table.path)).fix(fix));
    false
}

fn distinct_columns(table: &Reader<'_>, index: Option<&str>, text: &Located<Paths>) -> bool {
    let columns = crate::settings::columns(&text.value.0);
    let index = format!("{}_fts", index.unwrap_or_default());
    let taken = ["doc", "id", "version", "deleted", "rank", "rowid", &index];
    for (n, column) in columns.iter().enumerate() {
        let twice = columns[..n].iter().any(|other| other.eq_ignore_ascii_case(column));
        if twice || taken.iter().any(|name| name.eq_ignore_ascii_case(column)) {
            let why = if twice { "is there twice" } else { "is the index's own" };
            let what = format!("{}.text: the column `{column}` {why}", table.path);
            table.problem(Problem::new(text.span.clone(), what));
            return false;
        }
    }
    true
}
