//! From what a file says to pipelines that run: the same builder that Rust code uses.

use super::mask::Masks;
use super::source::Source;
use super::{Begin, DedupSettings, File, Fix, Missing, Older, PipelineSettings, Problem, Promise, StoreSettings};
use crate::identity::EventId;
use crate::outcome::Failure;
use crate::pipeline::dedup::{self, Dedup, DedupStore, by_event_id};
use crate::pipeline::filter::FilterVerdict;
use crate::pipeline::retry::Retry;
use crate::pipeline::start::Start;
use crate::pipeline::{Anywhere, Pipeline, Ready};
use crate::placeholders::{Condition, Fields, Path};
use crate::record::Record;
use onefold_core::guarantee::{Guarantee, Refusal};

/// Why a file that is right does not become pipelines here and now.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A secret that cannot be read, and the like.
    #[error("pipelines.{pipeline}: {why}")]
    Part { pipeline: String, why: String },
    #[error("pipelines.{pipeline}: this build has no to.{kind} (it was built without the feature `{feature}`)")]
    NotBuilt { pipeline: String, kind: &'static str, feature: &'static str },
}

/// Whether the environment's secrets are read: explanations need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Reveal,
    LeaveOut,
}

impl File {
    /// The file's pipelines, ready to run. Opens nothing.
    ///
    /// # Errors
    /// A secret that cannot be read, or a part that this build lacks.
    pub fn build(&self) -> Result<Vec<Ready>, BuildError> {
        self.pipelines.iter().map(|pipeline| ready(pipeline, Secrets::Reveal)).collect()
    }

    /// As [`File::build`], for explanations only: no secret is read.
    ///
    /// # Errors
    /// A part that this build lacks.
    pub fn outline(&self) -> Result<Vec<Ready>, BuildError> {
        self.pipelines.iter().map(|pipeline| ready(pipeline, Secrets::LeaveOut)).collect()
    }
}

/// A guarantee that is declared and not given, and where in the file it is declared.
#[derive(Debug, Clone)]
pub struct Refused {
    pub pipeline: String,
    /// From 1.
    pub line: usize,
    /// In characters of the line as it may be shown, from 1: a secret counts as `***`.
    pub column: usize,
    pub refusal: Refusal,
}

impl File {
    /// What is declared and not given. No secret is read.
    ///
    /// # Errors
    /// A part that this build lacks.
    pub fn refused(&self) -> Result<Vec<Refused>, BuildError> {
        let masks = Masks::of(&self.source.text);
        let checked = self.outline()?.into_iter().zip(&self.pipelines).filter_map(|(ready, settings)| {
            let refusal = ready.check(None).err()?;
            let declared = settings.guarantee.as_ref().map_or(&settings.name.span, |declared| &declared.span);
            let (line, column) = (self.source.line(declared.start), masks.excerpt(declared).before + 1);
            Some(Refused { pipeline: settings.name.value.clone(), line, column, refusal })
        });
        Ok(checked.collect())
    }
}

/// What is declared and not given, of those pipelines that can be told whole.
pub(super) fn refusals(source: &Source, pipelines: &[PipelineSettings]) -> Vec<Problem> {
    let refused = pipelines.iter().filter_map(|pipeline| {
        let refusal = ready(pipeline, Secrets::LeaveOut).ok()?.check(None).err()?;
        let declared = pipeline.guarantee.as_ref()?.span.clone();
        let given = Some(refusal.computed).filter(|given| *given != Guarantee::None);
        let fix = given.map(|given| Fix::replace(source, declared.clone(), format!("\"{given}\"")));
        let what = refusal.to_string().lines().next().unwrap_or_default().to_owned();
        Some(Problem::new(declared, what).because("weakest link", refusal.weakest_link).fix(fix))
    });
    refused.collect()
}

fn ready(settings: &PipelineSettings, secrets: Secrets) -> Result<Ready, BuildError> {
    let mut pipeline = Pipeline::from(&settings.from)
        .name(&settings.name)
        .group(&settings.group)
        .declare(settings.guarantee.as_ref().map(|promise| guarantee(promise.value)))
        .dedup(settings.dedup.as_ref().map(dedup));
    if let Some(condition) = settings.condition.clone() {
        pipeline = pipeline.filter(move |record| verdict(&condition, record));
    }
    if let Some(retry) = &settings.retry {
        pipeline = pipeline.retry(Retry {
            attempts: retry.attempts,
            first: retry.first,
            longest: retry.longest,
            crashes: retry.crashes,
        });
    }
    if let Some(topic) = &settings.dead_letters {
        pipeline = pipeline.dead_letters(topic);
    }
    if let Some(records) = settings.concurrency {
        pipeline = pipeline.concurrency(records as usize);
    }
    match settings.begin {
        Some(Begin::Earliest) => pipeline = pipeline.start(Start::Earliest),
        Some(Begin::Latest) => pipeline = pipeline.start(Start::Latest),
        None => {}
    }
    connected(pipeline, settings, secrets)
}

#[cfg_attr(not(feature = "http"), allow(unused_variables, reason = "only http takes secrets"))]
fn connected(pipeline: Pipeline<Anywhere>, settings: &PipelineSettings, secrets: Secrets) -> Result<Ready, BuildError> {
    let name = &settings.name.value;
    match &settings.to {
        #[cfg(feature = "sqlite")]
        super::SinkSettings::Sql(sql) => {
            use crate::boundary::sql::file::Statements;
            use crate::boundary::sql::sqlite::Sqlite;
            let database = Sqlite::at(&sql.database).named(&sql.url);
            let effect = Statements::new(sql.setup.clone(), sql.statements.value.clone());
            Ok(pipeline.in_transaction_of(database).tx_effect(effect))
        }
        #[cfg(feature = "search")]
        super::SinkSettings::Search(search) => {
            use crate::boundary::search::SearchIndex;
            use crate::boundary::sql::sqlite::Sqlite;
            let database = Sqlite::at(&search.database).named(&search.url);
            Ok(pipeline.in_transaction_of(database).tx_effect(SearchIndex::new(search.clone())))
        }
        #[cfg(feature = "http")]
        super::SinkSettings::Http(http) => {
            use crate::settings::HeaderSetting;
            let mut http = http.clone();
            if secrets == Secrets::LeaveOut {
                http.headers.retain(|(_, value)| matches!(value, HeaderSetting::Template(_)));
            }
            Ok(pipeline.effect(crate::boundary::http::HttpEndpoint::new(http).map_err(part(name))?))
        }
        #[cfg(feature = "exec")]
        super::SinkSettings::Exec(exec) => {
            let mut exec = exec.clone();
            if secrets == Secrets::LeaveOut {
                exec.env.clear();
            }
            Ok(pipeline.effect(crate::boundary::exec::Program::new(exec).map_err(part(name))?))
        }
        #[allow(unreachable_patterns, reason = "reachable in builds without one of the features")]
        other => {
            let kind = other.kind();
            let feature = if kind == "sql" { "sqlite" } else { kind };
            Err(BuildError::NotBuilt { pipeline: name.clone(), kind, feature })
        }
    }
}

#[cfg(any(feature = "http", feature = "exec"))]
fn part<E: std::fmt::Display>(pipeline: &str) -> impl FnOnce(E) -> BuildError {
    move |why| BuildError::Part { pipeline: pipeline.to_owned(), why: why.to_string() }
}

fn guarantee(promise: Promise) -> Guarantee {
    match promise {
        Promise::AtMostOnce => Guarantee::AtMostOnce,
        Promise::AtLeastOnce => Guarantee::AtLeastOnce,
        Promise::EffectivelyOnce => Guarantee::EffectivelyOnce,
    }
}

/// A record that cannot be read is not silently of another kind: it goes to the dead letters.
fn verdict(condition: &Condition, record: &Record) -> FilterVerdict {
    match condition.holds(&Fields::of(record)) {
        Ok(true) => FilterVerdict::Take,
        Ok(false) => FilterVerdict::Skip,
        Err(poison) => FilterVerdict::Poison(poison.to_string()),
    }
}

fn dedup(settings: &DedupSettings) -> Dedup {
    let dedup = match settings.id.clone() {
        Some(paths) => Dedup::by(move |record| event_id(&paths, record)),
        None => by_event_id(),
    };
    let store = match &settings.store {
        None => DedupStore::Sink,
        Some(store) => match &store.value {
            StoreSettings::Memory => DedupStore::Memory,
            StoreSettings::Sqlite(path) => DedupStore::Sqlite(path.clone()),
        },
    };
    let missing = match settings.missing {
        Missing::Origin => dedup::Missing::Origin,
        Missing::DeadLetter => dedup::Missing::DeadLetter,
    };
    let older = match settings.older {
        Older::Run => dedup::Older::Run,
        Older::DeadLetter => dedup::Older::DeadLetter,
    };
    dedup.keep(settings.keep).missing(missing).older(older).store(store)
}

/// The last path is the id, what stands before it its source. Only a source may be missing.
fn event_id(paths: &[Path], record: &Record) -> Result<Option<EventId>, Failure> {
    let fields = Fields::of(record);
    let mut texts = vec![];
    for path in paths {
        texts.push(fields.text(path).map_err(Failure::poison)?);
    }
    let Some(id) = texts.pop().flatten() else { return Ok(None) };
    let source = match texts.as_slice() {
        [] => String::new(),
        [source] => source.as_deref().unwrap_or_default().to_owned(),
        // Each with its length, so that ("ab", "c") and ("a", "bc") differ.
        many if many.iter().all(Option::is_some) => {
            many.iter().flatten().map(|part| format!("{}:{part}", part.len())).collect()
        }
        _ => return Ok(None),
    };
    Ok(Some(EventId { source, id: id.into_owned() }))
}
