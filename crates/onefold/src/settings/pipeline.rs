use super::problem::{Fix, Problem};
use super::reader::{Located, Reader};
use super::sink::{self, SinkSettings};
use super::values::{Chosen, Span};
use super::words::{Begin, Missing, Older, Paths, Promise, Scalars};
use crate::placeholders::{Condition, Path};
use std::path::PathBuf;
use std::time::Duration;

/// `[pipelines.NAME]`.
#[derive(Debug, Clone)]
pub struct PipelineSettings {
    pub name: Located<String>,
    pub from: Located<String>,
    /// The consumer group; the pipeline's name unless it says otherwise.
    pub group: Located<String>,
    pub condition: Option<Condition>,
    pub guarantee: Option<Located<Promise>>,
    pub dedup: Option<DedupSettings>,
    pub retry: Option<RetrySettings>,
    pub dead_letters: Option<Located<String>>,
    /// How many records of the pipeline may be at work at once.
    pub concurrency: Option<u32>,
    pub begin: Option<Begin>,
    pub to: SinkSettings,
}

impl PipelineSettings {
    /// The topic that its dead letters go to.
    pub fn dead_letter_topic(&self) -> String {
        let usual = || crate::pipeline::plan::usual_dead_letter_topic(&self.from, &self.group);
        self.dead_letters.as_ref().map_or_else(usual, |topic| topic.value.clone())
    }
}

/// `dedup = { id, keep, missing, older, store }`.
#[derive(Debug, Clone)]
pub struct DedupSettings {
    /// The last one is the id, those before it its source. `None`: the CloudEvents attributes.
    pub id: Option<Vec<Path>>,
    pub keep: Duration,
    pub missing: Missing,
    pub older: Older,
    pub store: Option<Located<StoreSettings>>,
    pub(crate) written: Written,
}

/// How a table stands in the file, for fixes that come out of the later checks.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub place: super::place::Place,
    pub span: std::ops::Range<usize>,
    /// A `store` stands there, be it one that cannot be used.
    pub has_store: bool,
}

/// Where ids are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    Memory,
    Sqlite(PathBuf),
}

/// `retry = { attempts, first, longest, crashes }`.
#[derive(Debug, Clone)]
pub struct RetrySettings {
    pub attempts: u32,
    pub first: Duration,
    pub longest: Duration,
    pub crashes: u32,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Which topics the file names, also those of pipelines that cannot be read whole.
#[derive(Debug)]
pub(crate) struct Routes {
    /// The `[topics.NAME]`; none if they cannot be told.
    pub declared: Option<Vec<String>>,
    /// Pipelines and what they read.
    pub from: Vec<(String, Located<String>)>,
    pub dead_letters: Vec<String>,
}

pub(crate) fn read(root: &mut Reader<'_>, routes: &mut Routes) -> Vec<PipelineSettings> {
    root.named("pipelines").into_iter().filter_map(|(name, table)| pipeline(name, table, routes)).collect()
}

/// A topic that the file has, for who has left out which one.
fn some_topic(routes: &Routes) -> String {
    let first = routes.declared.as_ref().and_then(|topics| topics.first());
    format!("{:?}", first.map_or("events", String::as_str))
}

fn pipeline(name: Located<String>, mut table: Reader<'_>, routes: &mut Routes) -> Option<PipelineSettings> {
    let from = table.required::<String>("from", &some_topic(routes));
    let group = table.optional::<String>("group");
    let condition = condition(&mut table, "where");
    let guarantee = guarantee(&mut table);
    let dedup = table.table("dedup").map(dedup);
    let retry = table.table("retry").map(retry);
    let dead_letters = table.optional::<String>("dead_letters");
    let concurrency = table.optional::<u32>("concurrency").filter(|number| {
        let zero = number.value == 0;
        if zero {
            let fix = Fix::replace(table.found.source, number.span.clone(), "1");
            table.problem(Problem::new(number.span.clone(), format!("{}.concurrency is 0", table.path)).fix(fix));
        }
        !zero
    });
    let begin = table.optional::<Chosen<Begin>>("start");
    let to = sink::read(&mut table);
    table.finish();
    routes.from.extend(from.clone().map(|from| (name.value.clone(), from)));
    routes.dead_letters.extend(dead_letters.as_ref().map(|topic| topic.value.clone()));
    // What is missing is noted by now, and no file is given out; what is there is checked all the same.
    let nowhere = Located { value: String::new(), span: name.span.clone() };
    Some(PipelineSettings {
        from: from.unwrap_or(nowhere),
        group: group.unwrap_or(name.clone()),
        name,
        condition,
        guarantee,
        dedup,
        retry,
        dead_letters,
        concurrency: concurrency.map(|number| number.value),
        begin: begin.map(|begin| begin.value.0),
        to: to?,
    })
}

/// A table of paths and the values they must have.
pub(crate) fn condition(table: &mut Reader<'_>, key: &'static str) -> Option<Condition> {
    let tests = table.free::<Scalars>(key)?.value.into_iter().filter_map(|(name, wanted)| {
        let path = Path::parse(&name).map_err(|why| {
            let what = format!("{}.{key}: the path `{}` {why}", table.path, name.value);
            table.problem(Problem::new(name.span.clone(), what));
        });
        Some((path.ok()?, wanted.value.0))
    });
    Some(Condition { tests: tests.collect() })
}

fn guarantee(table: &mut Reader<'_>) -> Option<Located<Promise>> {
    let span = table.value_span("guarantee");
    if let Some(span) = span.filter(|span| table.found.source.slice(span.clone()).contains("exactly")) {
        // Asked for by its usual name: say why there is none, and what is meant instead.
        let what = format!("{}.guarantee: nothing is exactly once from end to end", table.path);
        let fix = Fix::replace(table.found.source, span.clone(), "\"effectively-once\"");
        table.problem(Problem::new(span, what).fix(fix));
        table.optional::<String>("guarantee");
        return None;
    }
    let promise = table.optional::<Chosen<Promise>>("guarantee")?;
    Some(Located { value: promise.value.0, span: promise.span })
}

fn dedup(mut table: Reader<'_>) -> DedupSettings {
    let id = table.optional::<Paths>("id");
    let keep = table.optional::<Span>("keep");
    let missing = table.optional::<Chosen<Missing>>("missing");
    let older = table.optional::<Chosen<Older>>("older");
    let none = keep.as_ref().filter(|keep| keep.value.0.is_zero());
    if let Some(keep) = none {
        let what = format!("{}.keep is 0: every id would be forgotten at once", table.path);
        let fix = Fix::replace(table.found.source, keep.span.clone(), "\"30d\"");
        table.problem(Problem::new(keep.span.clone(), what).fix(fix));
    }
    let store = table.optional::<String>("store").and_then(|store| {
        let value = match store.as_str() {
            "memory" => StoreSettings::Memory,
            _ => StoreSettings::Sqlite(sink::sqlite_path(&table, "store", &store)?),
        };
        Some(Located { value, span: store.span })
    });
    let has_store = table.value_span("store").is_some();
    let written = Written { place: table.place.clone(), span: table.span.clone(), has_store };
    table.finish();
    DedupSettings {
        id: id.map(|id| id.value.0),
        keep: keep.map_or(30 * DAY, |keep| keep.value.0),
        missing: missing.map_or(Missing::Origin, |missing| missing.value.0),
        older: older.map_or(Older::Run, |older| older.value.0),
        store,
        written,
    }
}

fn retry(mut table: Reader<'_>) -> RetrySettings {
    let attempts = table.optional::<u32>("attempts");
    let first = table.optional::<Span>("first");
    let longest = table.optional::<Span>("longest");
    let crashes = table.optional::<u32>("crashes");
    let none = crashes.as_ref().filter(|crashes| crashes.value == 0);
    if let Some(crashes) = none {
        let fix = Fix::replace(table.found.source, crashes.span.clone(), "1");
        let what = format!("{}.crashes is 0: a record would be dead that never ran", table.path);
        table.problem(Problem::new(crashes.span.clone(), what).fix(fix));
    }
    if let Some(attempts) = attempts.as_ref().filter(|attempts| attempts.value == 0) {
        let fix = Fix::replace(table.found.source, attempts.span.clone(), "1");
        let what = format!("{}.attempts is 0: the first run is an attempt too", table.path);
        table.problem(Problem::new(attempts.span.clone(), what).fix(fix));
    }
    let retry = RetrySettings {
        attempts: attempts.map_or(5, |attempts| attempts.value),
        first: first.as_ref().map_or(Duration::from_millis(100), |first| first.value.0),
        longest: longest.as_ref().map_or(Duration::from_secs(30), |longest| longest.value.0),
        crashes: crashes.map_or(3, |crashes| crashes.value),
    };
    // A `first` that could not be read is no measure for `longest`.
    let known = first.is_some() || !table.has("first");
    if let Some(longest) = longest.filter(|longest| known && longest.value.0 < retry.first) {
        let what = format!("{}: `longest` is shorter than `first`", table.path);
        let fix = Fix::replace(
            table.found.source,
            longest.span.clone(),
            format!("\"{}\"", humantime::format_duration(retry.first)),
        );
        table.problem(Problem::new(longest.span, what).fix(fix));
    }
    table.finish();
    retry
}
