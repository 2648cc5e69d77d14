//! `setup` runs at each start, so it is tried twice: what only bears the first one fails at the second.

use super::schema::Known;
use super::{is_proven, wrong};
use crate::boundary::sql::sqlite::{Guard, NOT_IN_SETUP, Slip, attempt};
use crate::settings::SqlSettings;
use crate::settings::problem::{Fix, Problem};
use crate::settings::source::Source;
use rusqlite::Connection;
use std::ops::Range;

/// So many mistakes of one text are told at once.
const MOST: usize = 20;
/// SQLite drops all that is temporary when this is set to another value (<https://sqlite.org/pragma.html#pragma_temp_store>).
const FORGET_TEMPORARY: &str = "PRAGMA temp_store = FILE; PRAGMA temp_store = MEMORY";

/// What is wrong with the setup, and whether all that it makes is there now.
pub(super) fn problems(
    source: &Source,
    name: &str,
    sql: &SqlSettings,
    (database, guard): (&Connection, &Guard),
    known: Known,
) -> (Vec<Problem>, bool) {
    let (mut found, mut is_whole) = (vec![], true);
    let mut texts = sql.setup.clone();
    for again in [false, true] {
        // Of a second start, whose connection is another one. All of the list is there by then, in its order.
        if again && database.execute_batch(FORGET_TEMPORARY).is_err() {
            break;
        }
        for text in &mut texts {
            let (each, ran) = tried(source, name, sql, (database, guard), text);
            found.extend(each);
            let Err(slip) = ran else { continue };
            // What follows from a first slip is no second one.
            if !again || (is_whole && !differs(&slip, text)) {
                found.extend(told(name, &sql.written.setup, slip, known, again));
            }
            is_whole &= again;
            text.clear();
        }
    }
    (found, is_whole)
}

/// Runs one text. What is there already is told, passed over as its fix would, and the rest is tried.
fn tried(
    source: &Source,
    name: &str,
    sql: &SqlSettings,
    (database, guard): (&Connection, &Guard),
    text: &mut String,
) -> (Vec<Problem>, Result<(), Slip>) {
    let mut found = vec![];
    for _ in 0..MOST {
        let Err(slip) = attempt(database, guard, text) else { break };
        let Some((problem, mended)) = not_again(source, name, &sql.written.setup, &slip, text) else {
            return (found, Err(slip));
        };
        found.push(problem);
        *text = mended;
    }
    (found, Ok(()))
}

/// Whether a row is there already only because both tries came in the same moment.
fn differs(slip: &Slip, text: &str) -> bool {
    let Slip::Sql(why) = slip else { return false };
    let text = text.to_ascii_lowercase();
    why.to_string().contains("UNIQUE constraint failed")
        && ["now", "current_", "random", "()"].iter().any(|each_time| text.contains(each_time))
}

fn told(name: &str, at: &Range<usize>, slip: Slip, known: Known, again: bool) -> Option<Problem> {
    match slip {
        Slip::LeftOpen(_) => {
            let what = format!("pipelines.{name}.to.sql.setup leaves a transaction open");
            Some(Problem::new(at.clone(), what).because("to do", "end it with COMMIT, or leave BEGIN out"))
        }
        Slip::Denied => {
            let what = format!("pipelines.{name}.to.sql.setup changes what the promise rests on");
            Some(Problem::new(at.clone(), what).because("not taken", NOT_IN_SETUP).because("to do", "leave it out"))
        }
        Slip::Sql(why) if again => {
            let why = why.to_string();
            let first = why.lines().next().unwrap_or(&why);
            let what =
                format!("pipelines.{name}.to.sql.setup fails when it runs again, as it does at each start: {first}");
            let to_do = "let it bear that: CREATE .. IF NOT EXISTS, DROP .. IF EXISTS, INSERT OR IGNORE; or run what is \
                         for once with `sqlite3`, before";
            Some(Problem::new(at.clone(), what).because("to do", to_do))
        }
        Slip::Sql(why) => is_proven(&why, known).then(|| wrong(name, "setup", at, &why)),
    }
}

/// A `CREATE` of what is there by the second start, and the text as it would bear that.
fn not_again(source: &Source, name: &str, at: &Range<usize>, slip: &Slip, text: &str) -> Option<(Problem, String)> {
    let Slip::Sql(why) = slip else { return None };
    let why = why.to_string();
    let mut words = why.split_once(" already exists")?.0.split(' ');
    let (kind, made) = (words.next()?, words.collect::<Vec<_>>().join(" "));
    let here = makes(text, kind, &made)?;
    let mended = format!("{} IF NOT EXISTS{}", &text[..here.end], &text[here.end..]);
    let what = format!("pipelines.{name}.to.sql.setup runs at each start, and {kind} {made} is there then");
    let written = makes(source.slice(at.clone()), kind, &made);
    let written = written.map(|found| at.start + found.start..at.start + found.end);
    let fix = written.clone().map(|place| {
        let create = format!("{} IF NOT EXISTS", source.slice(place.clone()));
        Fix::replace(source, place, create)
    });
    Some((Problem::new(written.unwrap_or(at.clone()), what).fix(fix), mended))
}

/// Where a text says `CREATE .. KIND` of this name without `IF NOT EXISTS`.
fn makes(text: &str, kind: &str, name: &str) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let starts = lower.match_indices("create").map(|(at, _)| at);
    starts.filter_map(|start| maker(&lower, start, kind).map(|end| (start, end))).find_map(|(start, end)| {
        let rest = text[end..].trim_start();
        let bare = rest.trim_start_matches(['"', '`', '[', '\'', '\\']);
        let named = bare.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        (named && bare.get(name.len()..).is_some_and(ends)).then_some(start..end)
    })
}

/// The end of `CREATE [UNIQUE|TEMP|VIRTUAL ..] KIND`.
fn maker(lower: &str, start: usize, kind: &str) -> Option<usize> {
    let mut end = start + "create".len();
    for _ in 0..3 {
        let rest = &lower[end..];
        let word = rest.trim_start();
        let begin = end + rest.len() - word.len();
        let length = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        end = begin + length;
        match &lower[begin..end] {
            found if found == kind => return Some(end),
            "unique" | "temp" | "temporary" | "virtual" => {}
            _ => return None,
        }
    }
    None
}
