//! What no single key can tell: whether the parts of a file fit together.

use super::nearest::nearest;
use super::pipeline::Routes;
use super::problem::{Fix, Problem};
use super::reader::Located;
use super::source::Source;
use super::{File, KafkaSettings, PipelineSettings, SinkSettings};
use std::path::{Path, PathBuf};

/// `here`: where it will run, so that what is on this machine counts.
#[cfg_attr(not(feature = "sqlite"), allow(unused_variables, reason = "only databases are looked at"))]
pub(crate) fn problems(file: &File, routes: &Routes, here: bool) -> Vec<Problem> {
    let mut found = unknown_topics(file, routes);
    for (n, pipeline) in file.pipelines.iter().enumerate() {
        found.extend(same_group(pipeline, &file.pipelines[..n]));
        found.extend(dead_letters(file, pipeline));
        found.extend(dedup(&file.source, pipeline));
        #[cfg(feature = "sqlite")]
        found.extend(super::sql_tried::problems(&file.source, pipeline, &file.pipelines, here));
        #[cfg(feature = "search")]
        found.extend(super::search_tried::problem(n, &file.pipelines, here));
    }
    found.extend(addresses(file));
    found.extend(shared_logs(file));
    found
}

/// Two pipelines in one group would each see half of the topic.
fn same_group(pipeline: &PipelineSettings, earlier: &[PipelineSettings]) -> Option<Problem> {
    let other = earlier.iter().find(|other| other.group.value == pipeline.group.value)?;
    let what = format!(
        "pipelines.{} and pipelines.{} are both of group `{}`: each would see a part of the records",
        other.name.value, pipeline.name.value, pipeline.group.value
    );
    Some(Problem::new(pipeline.group.span.clone(), what))
}

/// The embedded broker is the file's own, so a topic that the file does not name is a slip.
fn unknown_topics(file: &File, routes: &Routes) -> Vec<Problem> {
    let Some(declared) = &routes.declared else { return vec![] };
    let known: Vec<&str> = declared.iter().chain(&routes.dead_letters).map(String::as_str).collect();
    routes.from.iter().filter_map(|(pipeline, from)| unknown_topic(file, &known, pipeline, from)).collect()
}

fn unknown_topic(file: &File, known: &[&str], pipeline: &str, from: &Located<String>) -> Option<Problem> {
    let near = nearest(from, known.iter().copied());
    let embedded = matches!(file.kafka, KafkaSettings::Embedded { .. });
    if known.contains(&from.as_str()) || (!embedded && near.is_none()) {
        return None;
    }
    let what = format!("pipelines.{pipeline}.from: the file has no [topics.{}]", quoted(from));
    let meant = near.map(|near| Fix::replace(&file.source, from.span.clone(), format!("{near:?}")));
    let lines = [format!("[topics.{}]", quoted(from)), "partitions = 1".to_owned()];
    let made = super::topic::bad_name(from).is_none().then(|| super::place::Place::Root.add(&file.source, &lines));
    Some(Problem::new(from.span.clone(), what).fix(meant).fix(made))
}

fn quoted(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !name.is_empty();
    if plain { name.to_owned() } else { format!("{name:?}") }
}

fn dead_letters(file: &File, pipeline: &PipelineSettings) -> Option<Problem> {
    let topic = pipeline.dead_letters.as_ref()?;
    let fresh = || {
        Fix::replace(
            &file.source,
            topic.span.clone(),
            format!("{:?}", crate::pipeline::plan::usual_dead_letter_topic(&pipeline.from, &pipeline.group)),
        )
    };
    let fresh = || Some(fresh()).filter(|_| !pipeline.from.is_empty());
    let wrong =
        |why: &str| Problem::new(topic.span.clone(), format!("pipelines.{}.dead_letters: {why}", pipeline.name.value));
    if topic.value == pipeline.from.value {
        return Some(wrong("a dead record would come back to the pipeline it died in").fix(fresh()));
    }
    super::topic::bad_name(topic).map(wrong)
}

/// Ids are kept in the sink's own transaction where there is one, and else need a place.
fn dedup(source: &Source, pipeline: &PipelineSettings) -> Option<Problem> {
    let dedup = pipeline.dedup.as_ref()?;
    let name = &pipeline.name.value;
    match (&pipeline.to, &dedup.store) {
        (SinkSettings::Http(_) | SinkSettings::Exec(_), None) if !dedup.written.has_store => {
            let what = format!("pipelines.{name}.dedup has no `store`: to.{} cannot keep ids", pipeline.to.kind());
            Some((what, format!("store = \"sqlite:data/{name}.db\"")))
        }
        (SinkSettings::Sql(_) | SinkSettings::Search(_), Some(store)) => {
            let what =
                format!("pipelines.{name}.dedup.store: to.{} keeps ids in its own transaction", pipeline.to.kind());
            return Some(Problem::new(store.span.clone(), what).because("to do", "leave `store` out"));
        }
        _ => None,
    }
    .map(|(what, line)| {
        Problem::new(dedup.written.span.clone(), what).fix(dedup.written.place.add(source, &[line])).missing()
    })
}

/// One address, one listener: the broker and the mocks run in one process.
fn addresses(file: &File) -> Vec<Problem> {
    let mut taken: Vec<(String, String)> = vec![];
    if let KafkaSettings::Embedded { listen, .. } = &file.kafka {
        taken.push((listen.value.clone(), "the broker".to_owned()));
    }
    let mut found = vec![];
    for mock in &file.mocks {
        let address = mock.listen.value.to_string();
        let other = taken.iter().find(|(other, _)| *other == address && mock.listen.port() != 0);
        if let Some((_, who)) = other {
            let what = format!("mocks.{}.listen: {address} is the address of {who}", mock.name.value);
            let next = mock.listen.port().checked_add(1).unwrap_or(8085);
            let fix = Fix::replace(&file.source, mock.listen.span.clone(), format!("\"{}:{next}\"", mock.listen.ip()));
            found.push(Problem::new(mock.listen.span.clone(), what).fix(fix));
        }
        taken.push((address, format!("mocks.{}", mock.name.value)));
    }
    found
}

/// A mock writes its log alone: another writer's lines would be taken for its own.
fn shared_logs(file: &File) -> Vec<Problem> {
    let loads = file.topics.iter().filter_map(|topic| topic.load.as_ref()).map(|load| load.file.clone());
    let databases = file.pipelines.iter().filter_map(|pipeline| pipeline.to.database().cloned());
    let mut taken: Vec<PathBuf> = loads.chain(databases).collect();
    let mut found = vec![];
    for (mock, log) in file.mocks.iter().filter_map(|mock| Some((mock, mock.log.as_ref()?))) {
        if taken.contains(&log.value) {
            found.push(shared(&mock.name.value, log));
        }
        taken.push(log.value.clone());
    }
    found
}

fn shared(mock: &str, log: &Located<PathBuf>) -> Problem {
    let path: &Path = &log.value;
    Problem::new(log.span.clone(), format!("mocks.{mock}.log: {} is used elsewhere in the file", path.display()))
}
