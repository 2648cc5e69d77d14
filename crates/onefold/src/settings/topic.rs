use super::Look;
use super::problem::{Fix, Problem};
use super::reader::{Located, Reader};
use super::values::{Size, Span};
use crate::placeholders::Path as FieldPath;
use std::path::{Path, PathBuf};

/// `[topics.NAME]`: a topic that `run` makes if it is not there.
#[derive(Debug, Clone)]
pub struct TopicSettings {
    pub name: Located<String>,
    /// `None`: as many as the cluster gives by default.
    pub partitions: Option<i32>,
    /// `None`: as many as the cluster gives by default.
    pub replication: Option<i32>,
    /// Kafka's own names and values (`retention.ms`).
    pub config: Vec<(String, String)>,
    pub load: Option<LoadSettings>,
}

/// `load = { file, key }`: lines that are put into the topic once.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    pub file: PathBuf,
    /// Where in a line's JSON its key stands; without it lines have no key.
    pub key: Option<FieldPath>,
    /// The note of what was loaded and how far.
    pub progress: PathBuf,
}

/// `embedded`: whether they are topics of the embedded broker, of which all is known.
pub(crate) fn read(root: &mut Reader<'_>, embedded: bool) -> Vec<TopicSettings> {
    root.named("topics").into_iter().map(|(name, table)| topic(name, table, embedded)).collect()
}

fn topic(name: Located<String>, mut table: Reader<'_>, embedded: bool) -> TopicSettings {
    if let Some(why) = bad_name(&name) {
        table.problem(Problem::new(name.span.clone(), format!("topics.{}: {why}", name.value)));
    }
    let partitions = count(&mut table, "partitions");
    let replication = count(&mut table, "replication").filter(|copies| !embedded || is_one(&table, *copies));
    let mut config = vec![];
    if let Some(retention) = table.optional::<Span>("retention") {
        config.push(("retention.ms".to_owned(), retention.0.as_millis().to_string()));
    }
    if let Some(size) = table.optional::<Size>("retention_size") {
        config.push(("retention.bytes".to_owned(), size.0.to_string()));
    }
    if let Some(more) = table.free::<String>("config") {
        super::topic_config::check(&table, &more, embedded);
        config.extend(more.value.into_iter().map(|(name, value)| (name.value, value.value)));
    }
    let load = table.table("load").and_then(|load_table| load(&name, load_table));
    table.finish();
    TopicSettings { name, partitions, replication, config, load }
}

fn count(table: &mut Reader<'_>, key: &'static str) -> Option<i32> {
    let number = table.optional::<i32>(key)?;
    if number.value < 1 {
        let what = format!("{}.{key} is {}: at least 1", table.path, number.value);
        let fix = Fix::replace(table.found.source, number.span.clone(), "1");
        table.problem(Problem::new(number.span, what).fix(fix));
        return None;
    }
    Some(number.value)
}

/// The embedded broker is one node.
fn is_one(table: &Reader<'_>, copies: i32) -> bool {
    if let (true, Some(span)) = (copies > 1, table.value_span("replication")) {
        let what = format!("{}.replication is {copies}: the embedded broker keeps one copy", table.path);
        let fix = Fix::replace(table.found.source, span.clone(), "1");
        table.problem(Problem::new(span, what).fix(fix));
    }
    copies <= 1
}

fn load(topic: &str, mut table: Reader<'_>) -> Option<LoadSettings> {
    let file = table.required::<String>("file", "\"events.ndjson\"");
    let key = table.optional::<FieldPath>("key");
    let progress = table.optional::<String>("progress");
    let source = table.found.source;
    let resolved = file.as_ref().map(|file| source.resolve(file));
    if let (Some(file), Some(path)) = (&file, &resolved)
        && !path.is_file()
    {
        let what = if path.is_dir() { "is a folder" } else { "is not there" };
        let problem = Problem::new(file.span.clone(), format!("{}.file: {} {what}", table.path, path.display()));
        table.problem(looked_for(&table, problem, file, path));
    }
    table.finish();
    let progress = progress.map_or(format!("data/load/{topic}.json"), |progress| progress.value);
    Some(LoadSettings { file: resolved?, key: key.map(|key| key.value), progress: source.resolve(&progress) })
}

/// Where a file was looked for, and one that is there under a name like it.
fn looked_for(table: &Reader<'_>, problem: Problem, file: &Located<String>, path: &Path) -> Problem {
    let source = table.found.source;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Whoever looks here and now is told where that is, wherever the command was started.
    let shown = Some(folder).filter(|_| table.found.look >= Look::Here).and_then(|here| std::path::absolute(here).ok());
    let shown = shown.as_deref().unwrap_or(folder).display();
    let settings = source.path.file_name().unwrap_or_default().to_string_lossy();
    let problem = match Path::new(&file.value).is_relative() {
        true => {
            problem.because("looked in", format!("{shown}: a path is relative to the folder that {settings} is in"))
        }
        false => problem.because("looked in", shown.to_string()),
    };
    problem.fix(meant(file, path, folder).map(|meant| Fix::replace(source, file.span.clone(), meant)))
}

/// The path with the name that was probably meant, as it is written in the file.
fn meant(file: &str, path: &Path, folder: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).filter(|entry| entry.path().is_file());
    let there: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = super::nearest::nearest(name, there.iter().map(String::as_str))?;
    Some(toml::Value::from(format!("{}{near}", file.strip_suffix(name)?)).to_string())
}

/// Kafka's rule for names, said before a broker says it less kindly.
pub fn bad_name(name: &str) -> Option<&'static str> {
    let legal = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    match name {
        "" => Some("a topic has a name"),
        "." | ".." => Some("`.` and `..` are no topic names"),
        _ if name.len() > 249 => Some("a topic's name has at most 249 characters"),
        _ if !legal => Some("a topic's name has only letters, digits, `.`, `_` and `-`"),
        _ => None,
    }
}
