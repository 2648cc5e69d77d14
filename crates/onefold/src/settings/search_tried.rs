//! A search index takes several names in its database: that of its table, and those that are made of it. None of them may be
//! anybody else's.

use super::problem::Problem;
use super::sql_tried::{copy, set_up_by_others};
use super::{PipelineSettings, SearchSettings, SinkSettings};
use crate::boundary::TxEffect;
use crate::boundary::search::{SearchIndex, names};
use crate::boundary::sql::sqlite::{Guard, TABLES, try_in_memory};
use rusqlite::Connection;

/// What is wrong with the names of the nth pipeline's index. `here`: the database that is there counts, too.
pub(super) fn problem(nth: usize, all: &[PipelineSettings], here: bool) -> Option<Problem> {
    let pipeline = &all[nth];
    let SinkSettings::Search(search) = &pipeline.to else { return None };
    if search.database.as_os_str().is_empty() || search.text.is_empty() {
        return None;
    }
    let shared = |others: &[PipelineSettings]| others.iter().find_map(|other| shares(pipeline, search, other));
    match (shared(&all[..nth]), shared(&all[nth + 1..])) {
        (None, None) => taken(pipeline, search, all, here),
        // Told once, of the later one.
        (told, _) => told,
    }
}

/// Two indexes on one database, of which one is named like a part of the other.
fn shares(pipeline: &PipelineSettings, search: &SearchSettings, other: &PipelineSettings) -> Option<Problem> {
    let SinkSettings::Search(with) = &other.to else { return None };
    let is_one = search.index.eq_ignore_ascii_case(&with.index);
    if with.database != search.database || is_one {
        return None;
    }
    let (mine, theirs) = (names(&search.index), names(&with.index));
    let name = mine.iter().find(|name| theirs.contains(name))?;
    let what = format!("pipelines.{}.to.search.index: `{}` does not go beside", pipeline.name.value, search.index);
    let what = format!("{what} `{}` of pipelines.{} in one database", with.index, other.name.value);
    let because =
        format!("both would be of {name}: an index makes its name, and with it _fts, _fts_live and FTS5's own");
    Some(Problem::new(search.written.clone(), what).because("taken twice", because).because("to do", ANOTHER))
}

const ANOTHER: &str = "give the index another name, or a database of its own";

/// A table or view of one of its names that is something else.
fn taken(
    pipeline: &PipelineSettings,
    search: &SearchSettings,
    all: &[PipelineSettings],
    here: bool,
) -> Option<Problem> {
    let database = Connection::open_in_memory().ok()?;
    let guard = Guard::install(&database).ok()?;
    if here {
        copy(&search.database, &database);
    }
    let _ = database.execute_batch(TABLES);
    set_up_by_others(&database, pipeline, &search.database, all);
    let index = SearchIndex::new(search.clone());
    let made = index.setup().iter().try_for_each(|setup| database.execute_batch(setup)).err();
    let tried = || try_in_memory(&database, &guard, &index.statements()).ok()?.into_iter().next();
    let why = made.or_else(|| tried().map(|(_, why)| why))?.to_string();
    let (name, why) = (&pipeline.name.value, why.lines().next().unwrap_or(&why).to_owned());
    let what =
        format!("pipelines.{name}.to.search.index: the database has something else of a name that `{}`", search.index);
    let names = format!("an index makes {0}, {0}_fts, {0}_fts_live and FTS5's own", search.index);
    Some(
        Problem::new(search.written.clone(), format!("{what} takes"))
            .because("its names", names)
            .because("found", why)
            .because("to do", ANOTHER),
    )
}

#[cfg(test)]
mod tests {
    use crate::settings::File;
    use rusqlite::Connection;
    use std::path::Path;

    fn pipeline(name: &str, index: &str, text: &str) -> String {
        format!(
            "[pipelines.{name}]\nfrom = \"t\"\nto.search = {{ url = \"sqlite:s.db\", index = \"{index}\", \
             id = \"id\", version = \"v\", text = [\"{text}\"] }}\n"
        )
    }

    const KAFKA: &str = "[kafka]\nbootstrap = \"k:9092\"\n";

    fn of_two(one: &str, two: &str) -> Option<String> {
        let text = format!("{KAFKA}{}{}", pipeline("a", one, "note"), pipeline("b", two, "note"));
        File::parse(Path::new("onefold.toml"), text).err().map(|wrong| wrong.to_string())
    }

    #[test]
    fn two_indexes_of_which_one_is_named_like_a_part_of_the_other_are_refused() {
        for part in ["_fts", "_fts_live", "_fts_data", "_fts_idx", "_fts_docsize", "_fts_config", "_FTS"] {
            let (plain, made) = ("docs".to_owned(), format!("docs{part}"));
            for (one, two) in [(&plain, &made), (&made, &plain)] {
                let said = of_two(one, two).unwrap_or_else(|| panic!("{one} beside {two} is taken"));
                let what = format!("pipelines.b.to.search.index: `{two}` does not go beside `{one}` of pipelines.a");
                assert!(said.contains(&what) && said.contains("1 error in"), "{said}");
            }
        }
        for (one, two) in [("docs", "docs"), ("docs", "docs_live"), ("docs", "more")] {
            assert_eq!(of_two(one, two), None, "{one} beside {two}");
        }
    }

    /// What `load_with_secrets` (of `run`) and `load_to_check` (of `check`) say beside a database that is made so.
    fn beside(made: &str, index: &str) -> [Option<String>; 2] {
        let folder = tempfile::tempdir().unwrap();
        Connection::open(folder.path().join("s.db")).unwrap().execute_batch(made).unwrap();
        let path = folder.path().join("onefold.toml");
        std::fs::write(&path, format!("{KAFKA}{}", pipeline("a", index, "note"))).unwrap();
        [File::load_with_secrets(&path), File::load_to_check(&path)].map(|read| read.err().map(|why| why.to_string()))
    }

    #[test]
    fn a_table_that_is_there_and_is_no_index_is_left_alone() {
        for made in [
            "CREATE TABLE docs (id TEXT, body TEXT)",
            "CREATE VIEW docs AS SELECT 1 AS doc, 'a' AS id, 1 AS version, 0 AS deleted, 'n' AS note",
            "CREATE TABLE docs_fts (note TEXT)",
            "CREATE TABLE Docs_FTS_Data (id INTEGER)",
        ] {
            for said in beside(made, "docs") {
                let said = said.unwrap_or_else(|| panic!("taken beside: {made}"));
                assert!(said.contains("the database has something else of a name that `docs` takes"), "{said}");
            }
        }
    }

    #[test]
    fn an_index_that_is_there_already_is_its_own() {
        let index =
            File::parse(Path::new("onefold.toml"), format!("{KAFKA}{}", pipeline("a", "docs", "note"))).unwrap();
        let crate::settings::SinkSettings::Search(search) = index.pipelines[0].to.clone() else { panic!("a search") };
        let setup = crate::boundary::TxEffect::setup(&super::SearchIndex::new(search)).join(";");
        assert_eq!(beside(&setup, "docs"), [None, None]);
        assert_eq!(beside("CREATE TABLE other (id)", "docs"), [None, None]);
        // The same one with another column is none of this file's.
        let other = setup.replace("\"note\"", "\"title\"");
        assert!(beside(&other, "docs").iter().all(Option::is_some));
    }
}
